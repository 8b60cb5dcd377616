"""Pages that are made from the code are made from today's code."""

import re
from pathlib import Path

import pytest
from pydantic import Field

from mizan.config.models.base import Model
from mizan.config.reference import _section, reference

DOCS = Path(__file__).parents[2] / "docs"


def test_the_stack_files_reference_is_current():
    page = (DOCS / "reference" / "stack-file.md").read_text(encoding="utf-8")
    assert page == reference(), "run `make docs`"


def rows() -> list[list[str]]:
    """Every key's row as its cells; a bar inside a cell is escaped."""
    lines = [line.strip("| ") for line in reference().splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]


def test_every_key_is_described_with_its_reason():
    assert len(rows()) > 30
    assert all(" Why: " in row[-1] and "Why: ." not in row[-1] for row in rows())


def test_every_row_has_a_cell_for_every_column():
    assert {len(row) for row in rows()} == {5}


def test_a_type_is_told_in_a_person_s_words_not_in_python_s():
    told = {row[0]: row[1] for row in rows()}
    assert [kind for kind in told.values() if "typing" in kind or set("(.<") & set(kind)] == []
    assert told["`command`"] == "list of text"
    assert told["`preempts`"] == told["`fairSharing`"] == "true or false"
    assert told["`meanUptimeHours`"] == "number"
    assert told["`until`"] == "day such as 2027-06-30"


def test_a_type_without_words_of_its_own_is_no_page():
    class Strange(Model):
        share: complex

    with pytest.raises(TypeError, match="complex"):
        [*_section("strange", Strange, set())]


@pytest.mark.parametrize(
    ("key", "limits"),
    [
        ("value", "-1000000 to 1000000000"),
        ("jobs", ""),
        ("frameworks", "at least 1 entry"),
        ("context", "not empty"),
        ("costCenter", "`^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`, at most 63 characters"),
        ("dir", r"`^(s3\|gs\|az\|https)://[^\s\x00-\x1f\x7f]+$`"),
        ("simulatedRunSeconds", "1 to 604800"),
        ("meanUptimeHours", "above 0, at most 100000"),
        ("failOnExitCodes", "at most 255 entries"),
    ],
)
def test_a_key_s_limits_stand_beside_its_type(key, limits):
    assert {row[2] for row in rows() if row[0] == f"`{key}`"} == {limits}


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("cloud", "required"),
        ("costCenter", "required"),
        ("diskGib", "`100`"),
        ("order", "`price`"),
        ("hoursPerWeek", "`168`"),
        ("minSavingsPercent", "`10`"),
        ("fairSharing", "`false`"),
        ("spotEligible", "`true`"),
        ("frameworks", "`[batch/job]`"),
        ("forceRemoveTeams", "`[]`"),
        ("spot", "each key's own"),
        ("priorities", "`production`, `batch`, `dev`"),
        ("openBandPercent", "none"),
        ("term", "none"),
    ],
)
def test_a_key_s_default_stands_beside_its_limits(key, default):
    assert {row[3] for row in rows() if row[0] == f"`{key}`"} == {default}


class Inner(Model):
    size: int = Field(default=2, description="")
    kinds: tuple[str, ...] = Field(default=("a|b", "c"), description="")


class Outer(Model):
    same: Inner = Field(default=Inner(), description="")
    other: Inner = Field(default=Inner(size=4), description="")
    on: bool = Field(default=True, description="")
    made: tuple[str, ...] = Field(default_factory=tuple, description="")


def test_a_default_is_written_as_a_file_would_write_it():
    cells = [re.split(r"(?<!\\)\|", line) for line in _section("strange", Outer, set()) if line.startswith("| `")]
    assert {row[1].strip(): row[4].strip() for row in cells} == {
        "`same`": "each key's own",
        "`other`": "`{size: 4}`",
        "`on`": "`true`",
        "`made`": "`[]`",
        "`size`": "`2`",
        "`kinds`": r"`[a\|b, c]`",
    }


def test_every_key_has_a_default_or_is_required():
    assert [row for row in rows() if not row[3]] == []
    assert {"required", "none"} < {row[3] for row in rows()}
