"""Folders that options name."""

from pathlib import Path

import typer


def named_folder(text: str) -> Path:
    """Return the folder that an option names; no text at all would name the current one.

    Raises:
        typer.BadParameter: there is none.
    """
    if not text:
        message = "needs a folder; write `.` for the current one."
        raise typer.BadParameter(message)
    return Path(text)
