"""How every fault reads, and how a command ends on it."""

import pytest

from mizan.config import ConfigErrors
from mizan.errors import PlatformError, SourceUnreachable

PARTS = {"needs": "a rule", "because": "a reason", "fix": "Do this"}


def test_a_fault_says_where_what_why_and_how_to_mend_it():
    assert str(PlatformError("file:3", "seen", **PARTS)) == "file:3: seen; needs a rule because a reason. Do this."


def test_a_fault_may_point_at_more():
    error = PlatformError("here", "seen", **PARTS, see="docs/adr/0002-one-plan.md")
    assert str(error) == "here: seen; needs a rule because a reason. Do this. See docs/adr/0002-one-plan.md"


@pytest.mark.parametrize("fix", ["Did you mean `x`?", "Do this."])
def test_a_fix_that_ends_by_itself_gets_no_second_stop(fix):
    assert str(PlatformError("here", "seen", **PARTS | {"fix": fix})).endswith(f". {fix}")


def test_bad_input_ends_with_2_and_a_source_that_does_not_answer_with_3():
    assert PlatformError("here", "seen", **PARTS).exit_code == ConfigErrors.exit_code == 2
    assert SourceUnreachable("here", "seen", **PARTS).exit_code == 3
    assert isinstance(SourceUnreachable("here", "seen", **PARTS), PlatformError)


def test_the_parts_of_a_fault_can_be_shown_apart():
    error = PlatformError("here", "seen", **PARTS, see="there")
    assert (error.where, error.observed, error.needs, error.because, error.fix, error.see) == (
        "here",
        "seen",
        "a rule",
        "a reason",
        "Do this",
        "there",
    )
