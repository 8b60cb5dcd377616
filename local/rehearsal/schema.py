"""What a cloud's Python SDK says about its resources: every property, whether it must be given, and its type.

The SDK's source is read, not imported: importing `pulumi_gcp.compute` takes seconds and 250 MB, reading one class some
milliseconds. The classes are generated and alike, so that a few forms cover them all (annotations.py).
"""

import ast
import importlib.metadata
import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from local.rehearsal.annotations import Properties, arguments, getters, parameters
from mizan.errors import PlatformError

_DEFINITION = re.compile(r"^(?:class|def) (\w+)", re.MULTILINE)
_DECORATORS = re.compile(r"(?:\n@[^\n]*)+\s*\Z")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What goes into a resource, a function, a provider or a nested object, and what comes out of it."""

    inputs: Properties
    outputs: Properties = field(default_factory=dict)


class Sdk:
    """The SDK of one cloud: `Sdk("gcp")` is the installed package pulumi_gcp."""

    def __init__(self, package: str) -> None:
        """Find the package without importing it.

        Raises:
            PlatformError: it is not installed.
        """
        self.package, self.module = package, f"pulumi_{package}"
        spec = importlib.util.find_spec(self.module)
        if spec is None or spec.origin is None:
            raise PlatformError(
                f"simulated cloud {package}",
                f"no package {self.module}",
                needs="the cloud's SDK",
                because="its classes say what a resource may hold",
                fix="Install requirements.txt",
            )
        self._root = Path(spec.origin).parent
        self._sources: dict[Path, _Source] = {}
        self._signatures: dict[str, Signature] = {}

    @cached_property
    def version(self) -> str:
        """Return the version installed."""
        return importlib.metadata.version(self.module)

    def resource(self, token: str) -> Signature:
        """Return what a resource takes and gives, such as `gcp:container/nodePool:NodePool`.

        Raises:
            PlatformError: the SDK has no such resource.
        """
        return self._remembered(token, self._read_resource)

    def function(self, token: str) -> Signature:
        """Return what a function takes and gives, such as `gcp:compute/getZones:getZones`.

        Raises:
            PlatformError: the SDK has no such function.
        """
        return self._remembered(token, self._read_function)

    def provider(self) -> Signature:
        """Return what the provider itself takes."""
        return self._remembered(f"pulumi:providers:{self.package}", self._read_provider)

    def members(self, name: str) -> Properties:
        """Return the properties of a nested object, by the name that `Type.name` gives."""
        return self._remembered(name, self._read_members).inputs

    def _remembered(self, key: str, read: Callable[[str], Signature]) -> Signature:
        if key not in self._signatures:
            self._signatures[key] = read(key)
        return self._signatures[key]

    def _read_resource(self, token: str) -> Signature:
        folder, name = _place(token)
        source = self._naming(token, folder, name)
        # Where a nested object has the usual name, the resource's own arguments are called otherwise.
        inputs = next(kind for kind in (f"{name}Args", f"{name}InitArgs") if source.defines(kind))
        return Signature(inputs=arguments(source.node(inputs), folder), outputs=getters(source.node(name), folder))

    def _read_function(self, token: str) -> Signature:
        folder, name = _place(token)
        source = self._naming(token, folder, name)
        return Signature(
            inputs=parameters(source.node(_snake(name)), source.node(f"{_snake(name)}_output"), folder),
            outputs=getters(source.node(f"{name[0].upper()}{name[1:]}Result"), folder),
        )

    def _read_provider(self, _key: str) -> Signature:
        return Signature(inputs=arguments(self._source(self._root / "provider.py").node("ProviderArgs"), ""))

    def _read_members(self, name: str) -> Signature:
        folder, _, short = name.partition(":")
        is_input = short.endswith("Args")
        node = self._source(self._root / folder / ("_inputs.py" if is_input else "outputs.py")).node(short)
        return Signature(inputs=arguments(node, folder) if is_input else getters(node, folder))

    def _naming(self, token: str, folder: str, name: str) -> "_Source":
        """Return the file that names `token`: by its usual name, else whichever of its folder does."""
        usual = self._root / folder / f"{_snake(name)}.py"
        for path in [usual, *sorted((self._root / folder).glob("*.py"))]:
            if path.is_file() and f"'{token}'" in (source := self._source(path)).text:
                return source
        raise PlatformError(
            token,
            f"{self.module} {self.version} has no such thing",
            needs="a resource or function of the SDK",
            because="its classes say what a resource may hold",
            fix="Correct its name",
        )

    def _source(self, path: Path) -> "_Source":
        if path not in self._sources:
            self._sources[path] = _Source(path.read_text(encoding="utf-8"))
        return self._sources[path]


class _Source:
    """One file, whose classes and functions are parsed one by one: the largest has 60,000 lines."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        """Where each definition begins and where the next one does."""
        found = [(match[1], match.start()) for match in _DEFINITION.finditer(self.text)]
        ends = [start for _, start in found[1:]] + [len(self.text)]
        return {name: (start, end) for (name, start), end in zip(found, ends, strict=True)}

    def defines(self, name: str) -> bool:
        return name in self._places

    def node(self, name: str) -> ast.stmt:
        """Return a definition; what decorates the next one is cut off."""
        start, end = self._places[name]
        return ast.parse(_DECORATORS.sub("\n", self.text[start:end])).body[0]


def _place(token: str) -> tuple[str, str]:
    """Return the SDK's folder and the class or function of a token `package:folder/file:Name`."""
    _, place, name = token.split(":")
    folder = place.partition("/")[0]
    return ("" if folder == "index" else folder), name


def _snake(name: str) -> str:
    return _WORDS.sub("_", name).lower()
