"""What is measured, as data: the counters of GPUs. Nothing in here asks a GPU or a Prometheus."""

from mizan.metrics.dcgm import COUNTERS, Counter, CounterType, counters_csv

__all__ = ["COUNTERS", "Counter", "CounterType", "counters_csv"]
