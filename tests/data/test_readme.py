"""What README.md shows is what the platform says."""

import re

import pytest

from mizan.config import ConfigErrors, read_stack
from mizan.estimate import estimate, judge
from mizan.estimate.render import short_table
from tests.builders import PROJECT, TODAY, a_plan, shipped_stack

NAME = "stacks/Pulumi.local.yaml"
BLOCK = re.compile(r"^```\n(stacks/Pulumi\.local\.yaml: .*?)\n```$", re.MULTILINE | re.DOTALL)
MISTAKES = {"gpu: a100-40gb": "gpu: a100-40g", "capacity: spot, gpus: 8": "capacity: spot, gpus: -8"}


def test_the_faults_that_the_readme_shows_are_told_of_the_shipped_file_with_these_two_mistakes(tmp_path):
    (shown,) = BLOCK.findall((PROJECT / "README.md").read_text(encoding="utf-8"))
    text = (PROJECT / NAME).read_text(encoding="utf-8")
    for right, wrong in MISTAKES.items():
        assert text.count(right) == 1
        text = text.replace(right, wrong)
    faulty = tmp_path / "Pulumi.local.yaml"
    faulty.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigErrors) as caught:
        read_stack(faulty, TODAY)
    assert str(caught.value).replace(str(faulty), NAME) == shown


def test_the_estimate_shown_is_the_one_of_stack_local():
    plan = a_plan(shipped_stack("local"), stack="local")
    figures = estimate(plan)
    assert f"```\n{short_table(figures, judge(plan, figures)).rstrip()}\n```" in (PROJECT / "README.md").read_text()
