"""The models of AWS's services, read once for all hooks of a test process."""

from __future__ import annotations

import functools
import inspect
from typing import Any

from botocore.loaders import JSONFileLoader, Loader


def read_once() -> None:
    """Have botocore read and list its files once.

    Each hook has a session of its own, as tasks in processes of their own need it, which does so anew: half a second,
    of which a test process would spend minutes.
    """
    # Over a static method: each session has a loader of its own, which knows nothing.
    read = staticmethod(functools.cache(JSONFileLoader().load_file))
    JSONFileLoader.load_file = read  # type: ignore[method-assign]
    list_files, listed = Loader.list_available_services, dict[tuple[str, ...], Any]()

    def list_once(self: Loader, type_name: str) -> Any:
        key = (type_name, *self.search_paths)
        if key not in listed:
            listed[key] = list_files(self, type_name)
        return listed[key]

    Loader.list_available_services = list_once  # type: ignore[method-assign]
    # For each client the provider looks through the stack, and Python would look up the source of each frame.
    inspect.stack.__defaults__ = (0,)
