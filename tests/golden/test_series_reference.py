"""The page of our series is made from today's records of them."""

import re
from pathlib import Path

from mizan.metrics import alerts, names
from mizan.metrics.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "series.md"


def test_the_reference_of_series_is_current():
    assert PAGE.read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_every_series_has_a_full_row():
    rows = [re.split(r"(?<!\\)\|", line.strip("|")) for line in reference().splitlines() if line.startswith("| `")]
    assert {len(row) for row in rows} == {6}
    assert [row[0].strip(" `") for row in rows] == [series.name for series in (*names.ALL, *alerts.SERIES)]
    assert all(cell.strip() for row in rows for cell in row)
