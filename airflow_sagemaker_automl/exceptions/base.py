"""The base of all errors, and the errors of the service itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from inspect import get_annotations
from typing import Any, ClassVar, dataclass_transform

from airflow_sagemaker_automl.exceptions.escaping import escaped


@dataclass_transform(eq_default=False, field_specifiers=(field,))
class AutoMLError(Exception):
    """Base of all errors of this package.

    A class declares the arguments of its constructor as fields, and its text as ``_message``, a format string of the
    fields; ``_text`` is overridden for a text that needs logic. The text has one line: line breaks in names and values
    are escaped. A class with a text of several lines sets ``has_lines`` and escapes each line with ``escaped``.
    """

    retry_can_help: ClassVar[bool] = False
    has_lines: ClassVar[bool] = False
    _message: ClassVar[str]
    __match_args__: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # A constructor's annotations are looked up in the module of its class, so one without fields inherits it.
        if get_annotations(cls):
            dataclass(eq=False, repr=False)(cls)

    def __post_init__(self) -> None:
        # Pickle passes ``args`` to the constructor; Python leaves out arguments that were given by name.
        self.args = tuple(getattr(self, name) for name in self.__match_args__)

    def __str__(self) -> str:
        return self._text() if self.has_lines else escaped(self._text())

    def _text(self) -> str:
        return self._message.format_map(vars(self))


class UnknownStatus(AutoMLError):
    """The service returned an unknown status; guessing its meaning could turn a failure into a success.

    :param kind: what has the status, for example ``AutoML job``.
    :param value: the status as received.
    """

    kind: str
    value: str
    _message = "{kind} status {value!r} is unknown to this version of airflow-sagemaker-automl; upgrade the package."


class OtherRegion(AutoMLError):
    """An ARN is in another region than the connection; no call was made.

    :param arn: ARN of a job, a version or a group.
    :param region: the region in the ARN.
    :param own_region: the region of the connection, or ``region_name``.
    """

    arn: str
    region: str
    own_region: str
    _message = (
        "{arn} is in region {region}, but this connection uses {own_region}. "
        "Set region_name={region!r}, or use an ARN in {own_region}."
    )


class ServiceUnavailable(AutoMLError):
    """The service could not be reached, or did not complete the call.

    :param reason: the reason and the next step.
    """

    retry_can_help = True
    reason: str
    _message = "{reason}"
