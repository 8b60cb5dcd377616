"""How fast all shipped prices load."""

import time

from mizan.prices import shipped

LIMIT_SECONDS = 0.1
RUNS = 5


def loading_seconds(runs: int = RUNS) -> float:
    """Return how long all shipped prices take to load: the best of several runs, for other work only adds to it."""
    return min(_once() for _ in range(runs))


def _once() -> float:
    # What a command's own process does: nothing was read before.
    shipped.cache_clear()
    began = time.perf_counter()
    shipped()
    return time.perf_counter() - began
