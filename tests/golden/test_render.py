"""`mizan render` of every shipped stack, line by line; rewritten only with --rewrite-golden.

A dashboard stands there as one long line, of which a digest is compared: dashboards/ has them as people read them. Code
that enforces budgets is that of `mizan.budgets`, as it is: only its files are shown.
"""

import hashlib
import re

import pytest

from mizan.cli import main
from tests.builders import PROJECT

STACKS = sorted(path.name.split(".")[1] for path in (PROJECT / "stacks").glob("Pulumi.*.yaml"))

DASHBOARD = re.compile(r"^(  mizan-gpu-\w+\.json:) (.*(?:\n    .*)*)", re.MULTILINE)
CODE = re.compile(r"^(  (?:__main__|mizan\.[\w.]+)\.py:) .*(?:\n    .*)*", re.MULTILINE)


def readable(rendered: str) -> str:
    shortened = DASHBOARD.sub(
        lambda found: f"{found[1]} of digest {hashlib.sha256(found[2].encode()).hexdigest()[:10]}", rendered
    )
    return CODE.sub(lambda found: f"{found[1]} as it is", shortened)


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_renders_as_before(stack, monkeypatch, capsys, matches_golden):
    monkeypatch.setattr("sys.argv", ["mizan", "render", "--stack", stack, "--project", str(PROJECT)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    matches_golden(f"render-{stack}.yaml", readable(capsys.readouterr().out))
