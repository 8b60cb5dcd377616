"""Every piece of a stack file that a guide shows is one that the platform takes."""

import re
from io import StringIO

import pytest
from ruamel.yaml import YAML

from mizan.config import Install, KueueAddon, own_keys
from mizan.keys import CONFIG_PREFIX
from mizan.manifests.kueue_settings import manager_configuration
from tests.builders import PROJECT, a_plan, a_queue, a_stack

BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def pieces():
    """Each YAML block of a guide that holds keys of a stack, with its page and line."""
    for page in sorted((PROJECT / "docs" / "guide").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for block in BLOCK.finditer(text):
            if CONFIG_PREFIX in block[1]:
                yield pytest.param(block[1], id=f"{page.name}:{text.count(chr(10), 0, block.start()) + 1}")


@pytest.mark.parametrize("piece", [*pieces()])
def test_a_piece_shown_in_a_guide_is_valid_in_a_stack_and_means_what_it_says(piece):
    shown = own_keys(YAML(typ="safe").load(StringIO(piece)))
    assert shown
    # Where a piece shows no queue, runs are short enough for every cloud.
    plan = a_plan(a_stack(jobs=[], queues=[a_queue(workload={"maxRunHours": 24})]) | shown)
    assert plan.warnings == ()


def test_the_guide_of_queues_shows_both_fallbacks_borrowing_priorities_and_readiness():
    text = (PROJECT / "docs" / "guide" / "queues.md").read_text(encoding="utf-8")
    shown = "".join(BLOCK.findall(text))
    for key in (
        "fallback: capacity",
        "fallback: quota",
        "borrow:",
        "lend:",
        "whenCanBorrow:",
        "priorities:",
        "podsReady:",
    ):
        assert key in shown, key


def test_what_the_owner_of_an_external_kueue_is_told_to_set_is_what_the_platform_would():
    text = (PROJECT / "docs" / "guide" / "queues.md").read_text(encoding="utf-8")
    (shown,) = [block for block in BLOCK.findall(text) if "kind: Configuration" in block]
    assert YAML(typ="safe").load(shown) == manager_configuration(KueueAddon(install=Install.EXTERNAL))
