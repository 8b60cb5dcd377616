"""`mizan render` of every shipped stack, line by line; rewritten only with --rewrite-golden."""

import pytest

from mizan.cli import main
from tests.builders import PROJECT

STACKS = sorted(path.name.split(".")[1] for path in (PROJECT / "stacks").glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_renders_as_before(stack, monkeypatch, capsys, matches_golden):
    monkeypatch.setattr("sys.argv", ["mizan", "render", "--stack", stack, "--project", str(PROJECT)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    matches_golden(f"render-{stack}.yaml", capsys.readouterr().out)
