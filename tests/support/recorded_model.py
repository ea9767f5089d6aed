"""The part of botocore's service model that is recorded with the package.

To record it again::

    python -m tests.support.recorded_model > airflow_sagemaker_automl/core/values/shapes/create_auto_ml_job_v2.json
"""

from __future__ import annotations

import json
import sys
from typing import Any

from botocore.session import get_session

_KEPT = ("type", "required", "union", "enum", "min", "max", "pattern")
REQUEST = "CreateAutoMLJobV2Request"


def installed_shapes(name: str = REQUEST) -> dict[str, Any]:
    """Give a shape of the installed botocore and all shapes in it by name, without their documentation."""
    shapes = get_session().get_service_data("sagemaker")["shapes"]
    found: dict[str, Any] = {}
    names = [name]
    while names:
        name = names.pop()
        if name in found:
            continue
        raw = shapes[name]
        parts = {part: raw[part] for part in ("member", "key", "value") if part in raw}
        references = {**raw.get("members", {}), **parts}
        found[name] = {key: raw[key] for key in _KEPT if key in raw}
        if raw["type"] == "structure":
            found[name]["members"] = {member: {"shape": other["shape"]} for member, other in references.items()}
        else:
            found[name].update({part: {"shape": other["shape"]} for part, other in references.items()})
        names += [other["shape"] for other in references.values()]
    return dict(sorted(found.items()))


if __name__ == "__main__":
    lines = (f"{json.dumps(name)}: {json.dumps(shape)}" for name, shape in installed_shapes().items())
    sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")
