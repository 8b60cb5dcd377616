"""The executable `pulumi-language-python` that Pulumi's engine looks for beside itself."""

import os
import shlex
import tempfile
from pathlib import Path

NAME = "pulumi-language-python"
_MAIN = Path(__file__).resolve().with_name("__main__.py")


def install(folder: Path, python: Path) -> Path:
    """Return the launcher in `folder`, written anew only where it differs.

    A running Pulumi never sees half of it: it is written beside its place and moved there.

    Args:
        folder: where the `pulumi` binary itself lies, not a link to it: the engine follows links before it looks.
        python: the project's Python, with pulumi installed; a virtualenv's link is kept as it is.
    """
    # A "#!" line ends at 127 characters on older Linux and knows no quotes; a shell's exec line has neither limit.
    # -I: the user's PYTHONPATH and folder are for the program, not for the host.
    command = shlex.join([str(python.absolute()), "-I", str(_MAIN)])
    text = f'#!/bin/sh\nexec {command} "$@"\n'
    launcher = folder / NAME
    if not _is_current(launcher, text):
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{NAME}.", dir=folder)
        draft = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            draft.chmod(0o755)
            draft.replace(launcher)
        finally:
            draft.unlink(missing_ok=True)
    return launcher


def _is_current(launcher: Path, text: str) -> bool:
    try:
        return launcher.read_bytes() == text.encode() and os.access(launcher, os.X_OK) and not launcher.is_symlink()
    except OSError:
        return False
