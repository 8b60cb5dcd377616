"""Ctrl-C and its relatives, counted instead of raised where half-done work would be left behind."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

# A person's Ctrl-C, a polite end, a closed terminal.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def raise_for_all() -> None:
    """Make each of SIGNALS raise KeyboardInterrupt, so that one way of cleaning up serves them all."""
    for number in SIGNALS:
        signal.signal(number, _raise)


@contextmanager
def counted() -> Iterator[list[int]]:
    """Give a list that grows with every signal of SIGNALS, none of which raises inside the block."""
    seen: list[int] = []

    def count(number: int, _frame: FrameType | None) -> None:
        seen.append(number)

    before = {number: signal.signal(number, count) for number in SIGNALS}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _raise(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
