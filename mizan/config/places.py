"""Where a stack's setting stands, told only where its file says what was read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap

from mizan.config.document import Document, document_of, read_text
from mizan.config.faults import ENCRYPTED, ConfigErrors
from mizan.config.faults import Path as KeyPath
from mizan.config.models.costs import day_of
from mizan.config.parse import own_keys
from mizan.errors import PlatformError

# In the order in which Pulumi looks for its project; a stack's file ends like it.
# Source: pulumi/pulumi@v3.259.0 sdk/go/common/encoding/marshal.go, Exts.
SUFFIXES = (".json", ".yaml", ".yml")


def _nowhere() -> Document | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where settings stand. The file is read when the first place is asked for.

    Attributes:
        read: returns the stack's file; None where there is none that can be read.
        seen: the settings that were used, where they did not come from the file itself: it may be another one, or may
            have changed since. None trusts the file.
    """

    read: Callable[[], Document | None] = _nowhere
    seen: Mapping[str, Any] | None = None

    def of(self, path: KeyPath) -> str | None:
        """Return file and line of a setting, the file alone where it lacks it; None where the file says otherwise."""
        if self._document is None or not self._says_what_was_seen(path[0]):
            return None
        line = self._document.line(path)
        return f"{self._document.source}:{line}" if line else self._document.source

    @cached_property
    def _document(self) -> Document | None:
        return self.read()

    @cached_property
    def _written(self) -> Mapping[str, Any]:
        return {} if self._document is None else own_keys(self._document.values())

    def _says_what_was_seen(self, key: str | int) -> bool:
        """Return whether the file says of a whole key what was seen: then its parts stand where the file has them."""
        if self.seen is None:
            return True
        if key not in self.seen or key not in self._written:
            return key not in self.seen and key not in self._written
        return _is_same(self.seen[str(key)], _as_setting(self._written[str(key)]))


def places_in(file: Path) -> Places:
    """Return where the settings of a stack stand that was read from a file."""
    return Places(read=lambda: document_of(read_text(file), str(file)))


def places_under_pulumi(root: Path, stack: str, seen: Mapping[str, Any]) -> Places:
    """Return where the settings of the stack that Pulumi runs stand, as far as its own file says the same.

    A person may have named another file or given a setting on the command line; only Pulumi knows.

    Args:
        root: folder with the project file.
        stack: that runs.
        seen: its own settings, as Pulumi hands them on.
    """
    return Places(read=partial(_document_under_pulumi, root, stack), seen=seen)


def located_at(places: Places, source: str, error: ConfigErrors) -> ConfigErrors:
    """Return faults of a source, each with its place."""
    return ConfigErrors(source, error.faults, [places.of(fault.path) for fault in error.faults])


def _document_under_pulumi(root: Path, stack: str) -> Document | None:
    """Return a stack's file, found as Pulumi does.

    Source: pulumi/pulumi@v3.259.0 sdk/go/common/workspace/paths.go, ProjectStackPath.
    """
    project = next((file for file in (root / f"Pulumi{suffix}" for suffix in SUFFIXES) if file.is_file()), None)
    if project is None:
        return None
    try:
        settings = document_of(read_text(project), project.name).root
        folder = settings.get("stackConfigDir") if isinstance(settings, CommentedMap) else None
        name = Path(str(folder or ""), f"Pulumi.{stack.replace('/', '-')}{project.suffix}")
        return document_of(read_text(root / name), str(name))
    except PlatformError:
        return None


def _as_setting(value: Any) -> Any:  # noqa: ANN401  # whatever YAML holds
    """Return a value of the file as Pulumi hands it on: a setting that is neither list nor mapping is text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _is_same(seen: Any, written: Any) -> bool:  # noqa: ANN401  # whatever JSON and YAML hold
    if isinstance(seen, Mapping) and isinstance(written, Mapping):
        return seen.keys() == written.keys() and all(_is_same(seen[key], written[key]) for key in seen)
    if isinstance(seen, list) and isinstance(written, list):
        return len(seen) == len(written) and all(map(_is_same, seen, written))
    if seen is ENCRYPTED:
        return _has_encrypted(written)
    if isinstance(written, date):
        return day_of(seen) == day_of(written)
    return bool(seen == written) and isinstance(seen, bool) == isinstance(written, bool)


def _has_encrypted(value: Any) -> bool:  # noqa: ANN401  # whatever YAML holds
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return value is ENCRYPTED or any(map(_has_encrypted, parts))
