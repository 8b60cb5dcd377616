"""What a command says beside its output, on standard error."""

import os

import typer


def tell(text: str, colour: str) -> None:
    """Print a line on standard error, coloured where a person sees it and has not asked for no colour.

    Source: https://no-color.org, read 2026-11-22: `NO_COLOR` with any text but none asks for it.
    """
    typer.echo(text if os.environ.get("NO_COLOR") else typer.style(text, fg=colour), err=True)
