"""Pages that are made from the code are made from today's code."""

from pathlib import Path

from mizan.config.reference import reference

DOCS = Path(__file__).parents[2] / "docs"


def test_the_stack_files_reference_is_current():
    page = (DOCS / "reference" / "stack-file.md").read_text(encoding="utf-8")
    assert page == reference(), "run `make docs`"


def test_every_key_is_described_with_its_reason():
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 30
    assert all(" Why: " in row and "Why: ." not in row for row in rows)
