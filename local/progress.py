"""What a person sees while something takes time: a live line on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape

PLAIN_LINE_EVERY_SECONDS = 15.0


class Task(Protocol):
    """One piece of work in progress."""

    def step(self, text: str) -> None:
        """Say what happens now; may be called many times a second."""


class Reporter:
    """Shows tasks with what they do now and how long they took."""

    def __init__(self, console: Console | None = None) -> None:
        """Write to `console`, or to standard error so that standard output stays clean for data."""
        self.console = console or Console(stderr=True, highlight=False)

    def say(self, text: str) -> None:
        """Print one plain line."""
        self.console.print(escape(text), soft_wrap=True)

    def warn(self, text: str) -> None:
        """Print one line that asks for attention."""
        self.console.print(f"[yellow]{escape(text)}[/yellow]", soft_wrap=True)

    @contextmanager
    def task(self, title: str) -> Iterator[Task]:
        """Show `title` and its current step until the block ends, then one line with the seconds it took.

        Nothing is printed after an error: the error itself tells.
        """
        started = time.monotonic()
        if self.console.is_terminal:
            with self.console.status(escape(title)) as status:
                yield _LiveTask(title, status.update)
        else:
            yield _PlainTask(title, self.say)
        self.console.print(
            f"[green]✓[/green] {escape(title)} [dim]{time.monotonic() - started:.1f} s[/dim]", soft_wrap=True
        )


class _LiveTask:
    def __init__(self, title: str, update: "_Update") -> None:
        self._title, self._update = title, update

    def step(self, text: str) -> None:
        self._update(f"{escape(self._title)}: {escape(text)}")


class _PlainTask:
    """Prints at most one line every PLAIN_LINE_EVERY_SECONDS, so that a CI log stays readable."""

    def __init__(self, title: str, say: "_Update") -> None:
        self._title, self._say, self._last = title, say, time.monotonic()

    def step(self, text: str) -> None:
        if time.monotonic() - self._last >= PLAIN_LINE_EVERY_SECONDS:
            self._last = time.monotonic()
            self._say(f"  {self._title}: {text}")


class _Update(Protocol):
    def __call__(self, text: str, /) -> object: ...
