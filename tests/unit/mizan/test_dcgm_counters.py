"""The counters of GPUs, and the file in which the exporter reads them."""

import csv
from io import StringIO
from pathlib import Path

from mizan.metrics import COUNTERS, Counter, CounterType, counters_csv
from tests.builders import PROJECT

FIELDS = PROJECT / "tests" / "data" / "metrics" / "dcgm-fields.txt"


def names(path: Path) -> set[str]:
    return {line for line in path.read_text().splitlines() if not line.startswith("#")}


def test_each_field_is_counted_once_and_known_to_the_exporter():
    fields = [counter.field for counter in COUNTERS]
    assert len(fields) == len(set(fields)) == 29
    assert set(fields) <= names(FIELDS)


def test_every_counter_says_what_it_is_and_what_it_is_for():
    for counter in COUNTERS:
        assert counter.help.endswith("."), counter.field
        assert counter.unit, counter.field
        assert counter.because, counter.field


def test_the_file_has_a_line_of_three_parts_for_each_counter():
    lines = counters_csv().splitlines()
    assert lines[0] == "DCGM_FI_DEV_GPU_UTIL, gauge, Time in which a kernel ran on the GPU (in %)."
    assert [line.count(",") for line in lines] == [2] * len(COUNTERS)
    assert counters_csv().endswith(".\n")


def test_the_exporter_reads_back_what_was_meant():
    # It trims blanks, takes `#` for a comment, and ends at a line that has not three parts.
    read = [[part.strip(" ") for part in row] for row in csv.reader(StringIO(counters_csv()))]
    assert read == [[counter.field, counter.type.value, counter.help] for counter in COUNTERS]
    assert {row[1] for row in read} == {"gauge", "counter"}
    assert not any('"' in line or line.startswith("#") for line in counters_csv().splitlines())


def test_what_only_grows_is_a_counter_and_a_state_is_none():
    types = {counter.field.removeprefix("DCGM_FI_"): counter.type for counter in COUNTERS}
    assert types["DEV_TOTAL_ENERGY_CONSUMPTION"] is CounterType.COUNTER
    assert types["DEV_ECC_DBE_AGG_TOTAL"] is CounterType.COUNTER
    assert types["DEV_THERMAL_VIOLATION"] is CounterType.COUNTER
    # The number of the last error, and bits: a rate of either means nothing.
    assert types["DEV_XID_ERRORS"] is CounterType.GAUGE
    assert types["DEV_CLOCKS_EVENT_REASONS"] is CounterType.GAUGE


def test_what_cost_and_health_are_read_from_is_counted():
    fields = {counter.field.removeprefix("DCGM_FI_") for counter in COUNTERS}
    # OpenCost: source opencost/opencost@v2.4.2 pkg/costmodel/allocation.go.
    assert {"PROF_GR_ENGINE_ACTIVE", "DEV_DEC_UTIL"} <= fields
    assert {"DEV_GPU_UTIL", "PROF_SM_ACTIVE", "PROF_PIPE_TENSOR_ACTIVE", "PROF_DRAM_ACTIVE"} <= fields
    assert {"DEV_FB_USED", "DEV_FB_FREE", "DEV_FB_RESERVED"} <= fields
    assert {"DEV_GPU_TEMP", "DEV_POWER_USAGE", "DEV_TOTAL_ENERGY_CONSUMPTION", "DEV_CLOCKS_EVENT_REASONS"} <= fields
    assert {"DEV_XID_ERRORS", "DEV_ECC_DBE_VOL_TOTAL", "DEV_ECC_SBE_VOL_TOTAL", "DEV_ROW_REMAP_PENDING"} <= fields


def test_a_file_of_some_counters_has_those_alone():
    one = Counter(field="DCGM_FI_DEV_GPU_TEMP", type=CounterType.GAUGE, help="Heat.", unit="C", because="a test")
    assert counters_csv([one]) == "DCGM_FI_DEV_GPU_TEMP, gauge, Heat.\n"
