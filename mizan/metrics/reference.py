"""The reference page of our series, from their own records: `python -m mizan.metrics.reference`."""

import sys
from collections.abc import Iterator

from mizan.metrics import alerts, kube_state, names
from mizan.metrics.pods import OF_EVERY_DEVICE
from mizan.metrics.queue_state import ACTED, STOPPED
from mizan.metrics.series import Series
from mizan.metrics.usage import BUSY, BUSY_INSTANCE

_DCGM = (BUSY, BUSY_INSTANCE, OF_EVERY_DEVICE)

_HEAD = """# Series

What recording rules write every 30 s, and every 60 s those about OpenCost and those that only alerts read, which are
the last ones. Each series has label `cluster` beside those listed; a label without a value is left out. This page is
made from `mizan/metrics/` by `make docs`; [the guide](../guide/metrics.md) says how the series belong together.

| series | type | unit | labels | what it is | formula |
|---|---|---|---|---|---|
"""


ALL = (*names.ALL, *alerts.SERIES)


def reference() -> str:
    """Return the page: one table of ours, and what is read for them."""
    return "".join([_HEAD, *(_row(series) for series in ALL), "\n", *_read()])


def _row(series: Series) -> str:
    labels = ", ".join(f"`{label}`" for label in series.labels) or "none"
    cells = (f"`{series.name}`", series.kind.value, series.unit, labels, series.meaning, series.formula)
    return f"| {' | '.join(cells)} |\n"


def _read() -> Iterator[str]:
    yield "## What they are made of\n\n"
    yield f"- kube-state-metrics: {', '.join(f'`{name}`' for name in kube_state.SERIES)}.\n"
    yield f"  Its flag must be `--metric-labels-allowlist={kube_state.labels_allowlist()}`.\n"
    yield f"  Of LocalQueues it tells `{STOPPED}` and `{ACTED}`, as mizan/metrics/queue_state.py configures it.\n"
    yield f"- NVIDIA's DCGM exporter: {', '.join(f'`{name}`' for name in _DCGM)}.\n"
    yield "- OpenCost: `node_total_hourly_cost`.\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
