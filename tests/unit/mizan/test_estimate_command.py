"""`mizan estimate`: every format, several stacks, and a comparison with a file or a commit."""

import io
import json
import subprocess
from itertools import pairwise

import pytest
from rich.console import Console

from mizan.cli import main
from mizan.cli.estimate_tables import show_estimate
from mizan.estimate import estimate, judge
from mizan.estimate.compare import compare
from mizan.estimate.render import Against
from tests.builders import PROJECT, a_plan, a_pool, a_stack, a_team, shipped_stack, with_value
from tests.estimates import a_company_stack, a_derived_estimate, an_estimate, an_exceeded_budget, the_company_before
from tests.repositories import a_repository, commit, git, write_stack

HEADER = "provider,region,zone,machine,capacity_type,usd_per_hour,currency,as_of,basis,source\n"


def own_prices(spot: str) -> str:
    rows = (f"gcp,us-central1,,a2-highgpu-4g,{kind},{usd},USD,2026-07-30,listed,our contract\n"
            for kind, usd in (("spot", spot), ("on_demand", "12")))  # fmt: skip
    return HEADER + "".join(rows)


@pytest.fixture(autouse=True)
def _nobody_s_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(monkeypatch, capsys):
    """Run `mizan estimate`: exit code, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["mizan", "estimate", *arguments])
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("COLUMNS", "80")
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return run


@pytest.fixture
def project(tmp_path):
    return a_repository(tmp_path / "project")


def told(run, project, *arguments: str, stacks: tuple[str, ...] = ("test",)) -> dict:
    names = [part for stack in stacks for part in ("--stack", stack)]
    code, out, err = run(*names, "--project", str(project), "--format", "json", *arguments)
    assert (code, err) == (0, "")
    return json.loads(out)


def lines_of(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_a_table_shows_every_view_of_the_dollars(run):
    code, out, err = run("--stack", "local", "--project", str(PROJECT))
    assert (code, err) == (0, "")
    whole = estimate(a_plan(shipped_stack("local"), stack="local"))
    expected = f"{whole.total.expected:,}"
    lines = out.splitlines()
    assert lines[0] == "Estimate of stack local; a month is 730 hours"
    captions = [after.split(",")[0].strip() for before, after in pairwise(lines) if not before]
    assert captions[:6] == [
        "By pool",
        "By part",
        "By capacity type",
        "By team",
        "Savings",
        "Prices of a node in us-central1",
    ]
    assert sum(line.startswith("total") and expected in line for line in lines) == 4
    assert ["expected", f"{-whole.savings.saved:,}", expected] in lines_of(out)
    assert any(line.startswith("- Not counted: ") for line in lines)


def test_json_is_the_document(run):
    whole = told(run, PROJECT, stacks=("local",))
    assert whole["stacks"][0]["name"] == "local"
    assert whole["usdPerMonth"]["expected"] == str(
        estimate(a_plan(shipped_stack("local"), stack="local")).total.expected
    )


@pytest.mark.parametrize(
    ("output", "start", "end"),
    [("markdown", "<!-- mizan estimate: local -->\n", "</details>\n"), ("html", "<!doctype html>\n", "</html>\n")],
)
def test_a_page_is_printed_whole(run, output, start, end):
    code, out, err = run("-s", "local", "--project", str(PROJECT), "-f", output)
    assert (code, err) == (0, "")
    assert out.startswith(start)
    assert out.endswith(end)


def test_several_stacks_are_one_estimate(run, project):
    write_stack(project, a_stack(), "dev")
    write_stack(project, a_company_stack(), "prod")
    both = told(run, project, stacks=("prod", "dev"))
    assert [stack["name"] for stack in both["stacks"]] == ["prod", "dev"]
    plans = [a_plan(a_company_stack(), stack="prod"), a_plan(a_stack(), stack="dev")]
    assert both["usdPerMonth"]["expected"] == str(sum(estimate(plan).total.expected for plan in plans))
    assert [(budget["subject"], budget["stack"]) for budget in both["budgets"]] == [("stack", "prod"), ("team", "prod")]


def test_a_stack_named_twice_is_told(run, project):
    write_stack(project, a_stack())
    code, out, err = run("-s", "test", "-s", "test", "--project", str(project))
    assert (code, out) == (2, "")
    assert err.startswith("stack test: in the estimate twice; ")


def test_a_budget_that_is_exceeded_fails_only_if_asked(run, project):
    write_stack(project, a_stack(budget={"usdPerMonth": 1000}))
    arguments = ("-s", "test", "--project", str(project))
    code, out, err = run(*arguments)
    assert (code, err) == (0, "")
    assert "exceeded" in out
    code, again, err = run(*arguments, "--fail-over-budget")
    assert (code, again) == (1, out)
    file = project / "stacks" / "Pulumi.test.yaml"
    (line,) = [index for index, text in enumerate(file.read_text().splitlines(), 1) if "mizan:budget" in text]
    first, costliest, *changes = err.splitlines()
    assert first.startswith(f"{file}:{line}: mizan:budget: stack test: 9,964.96 of 1,000.00 (996.5 %) at expected size")
    assert costliest == "  Costs most: a100 9,891.96."
    assert changes
    assert all(change.startswith("  Enough by itself: pool a100: ") for change in changes)


def test_the_budgets_of_several_stacks_are_each_told_with_their_own_file(run, project):
    for name in ("prod", "dev"):
        write_stack(project, a_stack(teams=[a_team(budget={"usdPerMonth": 100})]), name)
    code, _, err = run("-s", "prod", "-s", "dev", "--project", str(project), "--fail-over-budget")
    assert code == 1
    told = [line.split("; needs")[0] for line in err.splitlines() if not line.startswith("  ")]
    assert [line.split(": ", 1)[1] for line in told] == [
        f"mizan:teams[0].budget: team team-a of stack {stack}: 9,891.96 of 100.00 (9,892.0 %) at expected size, "
        "US dollars a month"
        for stack in ("prod", "dev")
    ]
    assert [line.rpartition("/")[2].split(":")[0] for line in told] == ["Pulumi.prod.yaml", "Pulumi.dev.yaml"]


def test_a_budget_that_is_kept_or_close_never_fails(run, project):
    write_stack(project, a_stack(budget={"usdPerMonth": 10000}))
    code, out, err = run("-s", "test", "--project", str(project), "--fail-over-budget")
    assert (code, err) == (0, "")
    assert "advisory" in out


def test_a_branch_is_compared_with_line_by_line(run, project):
    write_stack(project, a_stack())
    name = commit(project)
    write_stack(project, with_value(a_stack(), "pools[0].capacity[0].maxNodes", 5))
    against = told(run, project, "--compare", "main")["comparison"]
    assert against["with"] == f"main ({name[:10]})"
    before, after = (estimate(a_plan(values)) for values in (
        a_stack(), with_value(a_stack(), "pools[0].capacity[0].maxNodes", 5)
    ))  # fmt: skip
    assert against["before"]["maximum"] == str(before.total.maximum)
    assert against["difference"]["maximum"] == str(after.total.maximum - before.total.maximum)
    assert [line["reasons"] for line in against["lines"]] == [["maxNodes of spot 2 -> 5"], []]
    assert against["notes"] == []


def test_the_table_tells_the_comparison_first(run, project):
    write_stack(project, a_stack())
    name = commit(project)
    write_stack(project, with_value(a_stack(), "pools[0].capacity[0].maxNodes", 5))
    _, out, _ = run("-s", "test", "--project", str(project), "--compare", "HEAD")
    lines = out.splitlines()
    assert lines[2].strip() == f"Against HEAD ({name[:10]}), US dollars a month"
    assert "maxNodes of spot" in out
    assert out.index("What changes") < out.index("By pool")


def test_a_file_is_compared_with_under_the_same_name(run, project):
    write_stack(project, a_stack())
    other = write_stack(project, with_value(a_stack(), "pools[0].capacity[1].maxNodes", 3), "other")
    against = told(run, project, "--compare", str(other))["comparison"]
    assert against["with"] == str(other)
    assert [line["reasons"] for line in against["lines"]] == [["maxNodes of on-demand 3 -> 1"], []]


def test_a_file_wins_over_a_branch_of_its_name(run, project, monkeypatch):
    write_stack(project, a_stack())
    commit(project)
    (project / "main").write_text((project / "stacks" / "Pulumi.test.yaml").read_text())
    monkeypatch.chdir(project)
    assert told(run, ".", "--compare", "main")["comparison"]["with"] == "main"


def test_a_file_cannot_be_several_stacks(run, project):
    file = write_stack(project, a_stack())
    write_stack(project, a_stack(), "dev")
    code, out, err = run("-s", "test", "-s", "dev", "--project", str(project), "--compare", str(file))
    assert (code, out) == (2, "")
    assert err.startswith(f"--compare {file}: one file for 2 stacks; needs one stack, or a git ref")


def test_several_stacks_are_compared_each_with_its_own_and_a_new_one_with_nothing(run, project):
    write_stack(project, a_stack(), "dev")
    name = commit(project)
    write_stack(project, a_company_stack(), "prod")
    against = told(run, project, "--compare", "main", stacks=("dev", "prod"))["comparison"]
    assert against["notes"] == [f"Stack prod is new: main ({name[:10]}) has no stacks/Pulumi.prod.yaml."]
    by_stack = {line["stack"]: line["reasons"] for line in against["lines"] if line["kind"] == "control-plane"}
    assert by_stack == {"dev": [], "prod": ["added"]}


def test_a_stack_that_is_new_alone_is_compared_with_nothing(run, project):
    commit(project)
    write_stack(project, a_stack())
    against = told(run, project, "--compare", "main")["comparison"]
    assert against["before"] is None
    assert {tuple(line["reasons"]) for line in against["lines"]} == {("added",)}
    assert len(against["notes"]) == 1


def test_the_price_file_is_read_from_the_same_commit(run, project):
    write_stack(project, a_stack(priceFile="../prices/own.csv"))
    prices = project / "prices" / "own.csv"
    prices.parent.mkdir()
    prices.write_text(own_prices("6"))
    commit(project)
    prices.write_text(own_prices("9"))
    against = told(run, project, "--compare", "main")["comparison"]
    assert against["lines"][0]["reasons"] == ["price of spot $6.00 (2026-07-30) -> $9.00 (2026-07-30)"]
    assert against["notes"] == []


def test_a_price_file_that_is_kept_outside_git_is_read_as_it_is_now(run, project):
    write_stack(project, a_stack(priceFile="own.csv"))
    (project / ".gitignore").write_text("*.csv\n")
    (project / "stacks" / "own.csv").write_text(own_prices("6"))
    name = commit(project)
    against = told(run, project, "--compare", "main")["comparison"]
    assert against["notes"] == [
        f"Stack test: main ({name[:10]}) has no price file own.csv, so it is read as it is now."
    ]
    assert {tuple(line["reasons"]) for line in against["lines"]} == {()}


def test_a_project_below_the_top_of_its_repository_is_found(run, tmp_path):
    repository = a_repository(tmp_path / "company")
    project = repository / "infra" / "gpus"
    write_stack(project, a_stack(priceFile="../../prices.csv"))
    (repository / "infra" / "prices.csv").write_text(own_prices("6"))
    commit(repository)
    (repository / "infra" / "prices.csv").write_text(own_prices("7"))
    against = told(run, project, "--compare", "main")["comparison"]
    assert against["notes"] == []
    assert against["lines"][0]["reasons"] == ["price of spot $6.00 (2026-07-30) -> $7.00 (2026-07-30)"]


def faulty_before(project, name, told=""):
    """How the message begins that tells of a fault in a commit."""
    return (
        f"--compare main: stack test is at fault as main ({name[:10]}) has it, not as it is now; needs a stack that "
        "today's rules accept on both sides because both are estimated by this version of mizan. Compare with a commit "
        f"in which that is mended, or mend a copy: `git show {name[:10]}:./stacks/Pulumi.test.yaml > "
        f"stacks/before.yaml`, then `--compare stacks/before.yaml`.\n{told}"
    )


def test_a_fault_of_the_past_is_told_with_its_side_its_place_there_and_how_to_go_on(run, project):
    write_stack(project, with_value(a_stack(), "pools[0].gpu", "a100"))
    name = commit(project)
    write_stack(project, a_stack())
    code, out, err = run("-s", "test", "--project", str(project), "--compare", "main")
    assert (code, out) == (2, "")
    assert err.startswith(faulty_before(project, name, "main:stacks/Pulumi.test.yaml: 1 fault\n  line "))
    assert "mizan:pools[0].gpu: a100; needs a GPU of the catalogue" in err


def test_the_copy_that_the_message_proposes_can_be_mended_and_compared_with(run, project, monkeypatch):
    write_stack(project, with_value(a_stack(priceFile="own.csv"), "pools[0].gpu", "a100"))
    (project / "stacks" / "own.csv").write_text(own_prices("6"))
    commit(project)
    write_stack(project, with_value(a_stack(priceFile="own.csv"), "pools[0].capacity[0].maxNodes", 5))
    monkeypatch.chdir(project)
    _, _, err = run("-s", "test", "--compare", "main")
    command = err.split("`")[1]
    assert command.startswith("git show ")
    subprocess.run(command, shell=True, check=True, cwd=project, timeout=60)
    copy = project / "stacks" / "before.yaml"
    copy.write_text(copy.read_text().replace("gpu: a100\n", "gpu: a100-40gb\n"))
    against = told(run, ".", "--compare", "stacks/before.yaml")["comparison"]
    assert against["lines"][0]["reasons"] == ["maxNodes of spot 2 -> 5"]


def test_a_fault_of_today_is_told_as_one_of_the_file(run, project):
    write_stack(project, a_stack())
    commit(project)
    file = write_stack(project, with_value(a_stack(), "pools[0].gpu", "a100"))
    code, out, err = run("-s", "test", "--project", str(project), "--compare", "main")
    assert (code, out) == (2, "")
    assert err.startswith(f"{file}: 1 fault\n  line ")
    assert "main" not in err.removeprefix(str(file))


def test_a_faulty_file_to_compare_with_is_told_as_the_side_at_fault(run, project):
    write_stack(project, a_stack())
    other = write_stack(project, with_value(a_stack(), "pools[0].gpu", "a100"), "other")
    code, out, err = run("-s", "test", "--project", str(project), "--compare", str(other))
    assert (code, out) == (2, "")
    assert err.startswith(f"--compare {other}: stack test is at fault as {other} has it, not as it is now; needs a sta")
    assert "Correct that file, or compare with a branch, tag or commit.\n" in err
    assert f"\n{other}: 1 fault\n  line " in err


def test_a_past_order_that_was_not_feasible_is_told_with_its_line(run, project):
    workload = {"nodes": 1000, "checkpointWriteSeconds": 3600, "restartSeconds": 3600}
    pool = a_pool(capacity=[{"type": "spot", "maxNodes": 1000}], meanUptimeHours=1)
    queue = {"name": "training", "fallback": "capacity", "quotas": [{"pool": "a100", "gpus": 4}], "workload": workload}
    write_stack(project, a_stack(pools=[pool], queues=[queue], jobs=[]))
    name = commit(project)
    write_stack(project, a_stack())
    code, out, err = run("-s", "test", "--project", str(project), "--compare", "main")
    assert (code, out) == (2, "")
    assert err.startswith(faulty_before(project, name, "main:stacks/Pulumi.test.yaml: 1 fault\n  line "))


def test_a_faulty_price_file_of_the_past_is_told_with_its_line(run, project):
    write_stack(project, a_stack(priceFile="own.csv"))
    prices = project / "stacks" / "own.csv"
    prices.write_text(own_prices("-6"))
    name = commit(project)
    prices.write_text(own_prices("6"))
    code, out, err = run("-s", "test", "--project", str(project), "--compare", "main")
    assert (code, out) == (2, "")
    assert err.startswith(faulty_before(project, name, "main:stacks/own.csv:2: "))


def test_of_several_faults_of_a_past_price_file_no_command_is_proposed_that_cannot_read_it(run, project):
    write_stack(project, a_stack(priceFile="own.csv"))
    prices = project / "stacks" / "own.csv"
    prices.write_text(own_prices("-6").replace("USD", "EUR"))
    commit(project)
    prices.write_text(own_prices("6"))
    _, _, err = run("-s", "test", "--project", str(project), "--compare", "main")
    assert "main:stacks/own.csv:2: " in err
    assert "prices check" not in err


def test_an_offer_that_stands_twice_in_a_past_price_file_is_refused_as_it_would_be_today(run, project):
    write_stack(project, a_stack(priceFile="own.csv"))
    prices = project / "stacks" / "own.csv"
    once = own_prices("6")
    prices.write_text(once + once.splitlines()[1] + "\n")
    commit(project)
    prices.write_text(once)
    code, _, err = run("-s", "test", "--project", str(project), "--compare", "main")
    assert code == 2
    assert "needs one price of an offer" in err


@pytest.mark.parametrize("name", ["Pulumi.test.yaml", "own.csv"])
@pytest.mark.parametrize(("data", "observed"), [(b"\xff", "not UTF-8"), (b"\xff\xfe", "UTF-16")])
def test_a_file_of_the_past_that_is_no_text_is_told(run, project, name, data, observed):
    write_stack(project, a_stack(priceFile="own.csv"))
    (project / "stacks" / "own.csv").write_text(own_prices("6"))
    whole = (project / "stacks" / name).read_bytes()
    (project / "stacks" / name).write_bytes(data)
    sha = commit(project)
    (project / "stacks" / name).write_bytes(whole)
    code, out, err = run("-s", "test", "--project", str(project), "--compare", "main")
    assert (code, out) == (2, "")
    assert err.startswith(faulty_before(project, sha, f"main:stacks/{name}: {observed}; needs UTF-8 text because"))


def test_a_price_file_of_the_past_beyond_the_limit_is_told(run, project):
    write_stack(project, a_stack(priceFile="own.csv"))
    prices = project / "stacks" / "own.csv"
    prices.write_bytes(b"x" * (16 * 2**20 + 1))
    commit(project)
    prices.write_text(own_prices("6"))
    code, _, err = run("-s", "test", "--project", str(project), "--compare", "main")
    assert code == 2
    assert "\nmain:stacks/own.csv: 16,777,217 bytes or more; needs at most 16,777,216 bytes because it is read" in err


def test_a_price_file_of_the_past_with_line_ends_of_windows_is_read(run, project):
    write_stack(project, a_stack(priceFile="own.csv"))
    prices = project / "stacks" / "own.csv"
    prices.write_bytes(own_prices("6").replace("\n", "\r\n").encode("utf-8-sig"))
    commit(project)
    prices.write_text(own_prices("9"))
    against = told(run, project, "--compare", "main")["comparison"]
    assert against["lines"][0]["reasons"] == ["price of spot $6.00 (2026-07-30) -> $9.00 (2026-07-30)"]


@pytest.mark.parametrize(
    "word",
    [
        "no-such-branch",
        "stacks/Pulumi.none.yaml",
        "--project=x",
        "--foo",
        "^main",
        "main..main",
        "stacks",
        "main:stacks",
    ],
)
def test_what_is_neither_file_nor_commit_is_told(run, project, word):
    write_stack(project, a_stack())
    commit(project)
    code, out, err = run("-s", "test", "--project", str(project), f"--compare={word}")
    assert (code, out) == (2, "")
    assert err.startswith(f"--compare {word}: neither a file nor a commit of the repository of {project}; ")


@pytest.mark.parametrize("arguments", [["--compare="], ["--compare", ""]])
def test_nothing_to_compare_with_is_told(run, project, arguments):
    write_stack(project, a_stack())
    commit(project)
    code, out, err = run("-s", "test", "--project", str(project), *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"--compare: nothing, which is no commit of the repository of {project}; ")


def test_a_word_longer_than_any_name_is_told(run, project):
    write_stack(project, a_stack())
    commit(project)
    code, out, err = run("-s", "test", "--project", str(project), "--compare", "x" * 5000)
    assert (code, out) == (2, "")
    assert err.startswith(f"--compare {'x' * 80}...: neither a file nor a commit of the repository of {project}; ")


def test_a_tag_is_a_ref_too(run, project):
    write_stack(project, a_stack())
    commit(project)
    git(project, "tag", "v1")
    assert told(run, project, "--compare", "v1")["comparison"]["with"].startswith("v1 (")


def test_a_missing_stack_is_told_before_anything_is_printed(run, project):
    write_stack(project, a_stack())
    code, out, err = run("-s", "test", "-s", "none", "--project", str(project))
    assert (code, out) == (2, "")
    assert err.startswith("stack none: no file ")


def test_help_tells_how_it_ends(run):
    code, out, _ = run("--help")
    text = " ".join(out.replace("│", " ").split())
    assert code == 0
    assert "Exit 1 where a budget is exceeded" in text
    assert "Exit 2 where it is none of these, or at fault by today's rules; the message says which side is." in text


def shown(*arguments, width: int = 80) -> str:
    screen = io.StringIO()
    show_estimate(Console(file=screen, width=width), *arguments)
    return screen.getvalue()


def test_tables_fit_80_columns():
    plan = a_plan(a_company_stack(), stack="prod")
    before, whole = estimate(a_plan(the_company_before(), stack="prod")), estimate(plan)
    against = Against(name="main (4f2a9c1d05)", before=before, comparison=compare(before, whole))
    text = shown(whole, judge(plan, whole), against)
    # Whole sentences are left to the terminal to wrap.
    rows = [line for line in text.splitlines() if not line.rstrip().endswith(".")]
    assert max(map(len, rows)) <= 80
    assert "…" not in text
    assert f"{whole.total.maximum:,}" in text


def test_a_derived_price_is_marked_and_explained_in_the_tables():
    text = shown(a_derived_estimate(), (), None)
    assert ["spot-a100", "*", "0.75", "of", "2", "0.00", "405.00", "1,610.00"] in lines_of(text)
    assert text.endswith("* derived: computed from other prices, not read from a list.\n")
    assert "derived" not in shown(an_estimate(), (), None)


def test_offers_stand_below_their_pool():
    assert "\n  spot-a100      0.75 of 2 " in shown(an_estimate(), (), None)


def test_brackets_of_others_are_no_markup():
    whole = an_estimate()
    against = Against(name="[red]main[/red]", before=None, comparison=compare(None, whole), notes=("[bold]x",))
    text = shown(whole, (an_exceeded_budget(),), against)
    assert "Against [red]main[/red]" in text
    assert "[bold]x" in text


def test_a_team_s_budget_is_told_too(run, project):
    write_stack(project, a_stack(teams=[a_team(budget={"usdPerMonth": 5000})]))
    _, out, _ = run("-s", "test", "--project", str(project))
    assert "team team-a: No change" in out or "team team-a: Enough by itself" in out
