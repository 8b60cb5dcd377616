"""Pulumi's protocol messages and services, loaded without the SDK around them.

The engine waits for the host at every command, and the whole SDK takes twice as long to load as the stubs alone. Empty
modules stand in for the three packages above the stubs while these load, and are taken away again afterwards, so that
a later `import pulumi` in the same process gets the real one.
"""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

_PACKAGES = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")


@contextmanager
def _packages_without_their_code() -> Iterator[None]:
    if "pulumi" in sys.modules:
        yield
        return
    spec = importlib.util.find_spec("pulumi")
    if spec is None or spec.origin is None:
        message = "No module named 'pulumi'"
        raise ModuleNotFoundError(message, name="pulumi")
    site = Path(spec.origin).parent.parent
    for name in _PACKAGES:
        module = ModuleType(name)
        module.__path__ = [str(site.joinpath(*name.split(".")))]
        sys.modules[name] = module
    try:
        yield
    finally:
        for name in _PACKAGES:
            sys.modules.pop(name, None)


with _packages_without_their_code():
    from pulumi.runtime.proto import analyzer_pb2, language_pb2, language_pb2_grpc, plugin_pb2

__all__ = ["analyzer_pb2", "language_pb2", "language_pb2_grpc", "plugin_pb2"]
