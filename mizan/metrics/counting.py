"""How often something was counted, from the first time on."""


def risen(counter: str, window: str, by: str) -> str:
    """Return how much a counter of events has grown in a window.

    Such a counter appears with its first event and has no 0 before it, so that `increase` misses the first: a series
    that was not there when the window began counts with all that it has.
    """
    new = f"({counter} unless {counter} offset {window})"
    return f"sum by ({by}) ({new} or increase({counter}[{window}]))"
