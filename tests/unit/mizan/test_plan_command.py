"""`mizan plan`: the order of each pool with its reasons, what is left out, queues, jobs and warnings."""

import json
import re

import pytest
from ruamel.yaml import YAML

from mizan.agreement import documents_of
from mizan.cli import main
from tests.builders import TODAY, a_job, a_pool, a_queue, a_stack, an_aws_stack
from tests.price_rows import a_file, a_line
from tests.sharing_stacks import LAYOUT, PROFILE, TURNS, a_sharing_stack, kept

PRICES = (a_line(capacity_type="spot", usd_per_hour="7.71"), a_line())
# A price that spot hardly lowers, computed, and read over 90 days ago.
DEAR_SPOT = (a_line(capacity_type="spot", usd_per_hour="14.00", basis="derived", as_of="2026-07-01"), a_line())
TOO_LITTLE = "saves 4.7 % (derived) against on-demand, less than the 10 % of `minSavingsPercent`"
BOUGHT = {"name": "bought", "kind": "reservation", "machine": "a2-highgpu-4g", "nodes": 1, "usdPerHour": 5.5}

BOTH = [{"type": "spot", "maxNodes": 2}, {"type": "on-demand", "maxNodes": 2}]


def by_capacity(**changes):
    """A queue that leaves the order to the pool."""
    return a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 4}]) | changes


@pytest.fixture
def mizan(monkeypatch, capsys, tmp_path):
    """Run `mizan plan` of a stack with own prices: exit code, stdout, stderr."""
    monkeypatch.setattr("mizan.cli.stacks.today", lambda: TODAY)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    (tmp_path / "stacks").mkdir()

    def run(values, *arguments, prices=PRICES):
        (tmp_path / "stacks" / "own.csv").write_text(a_file(*prices), encoding="utf-8")
        config = {f"mizan:{key}": value for key, value in (values | {"priceFile": "own.csv"}).items()}
        with (tmp_path / "stacks" / "Pulumi.test.yaml").open("w") as file:
            YAML(typ="safe").dump({"config": config}, file)
        monkeypatch.setattr("sys.argv", ["mizan", "plan", "-s", "test", "--project", str(tmp_path), *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return run


def lines(text):
    return [" ".join(line.split()) for line in text.splitlines()]


def flat(text):
    return " ".join(text.split())


def test_a_pool_shows_its_offers_in_the_order_tried_with_the_reason_of_each(mizan):
    code, out, err = mizan(a_stack())
    assert (code, err) == (0, "")
    told = lines(out)
    assert told[0] == "Stack test: cloud local, region us-central1, 2026-11-22"
    pool = told.index("Pool a100: a2-highgpu-4g, 4 a100-40gb a node, order: price")
    assert told[pool + 1 : pool + 6] == [
        "# offer nodes USD per hour of useful hour weight",
        "1 spot-a100 2 7.7100 2026-11-01 9.0153 100",
        "2 ondemand-a100 1 14.6900 2026-11-01 14.6900 99",
        "# why",
        "1 $7.71 an hour, $9.02 a useful hour: 14.5 % is lost to interruptions of 1 node",
    ]
    assert "a checkpoint every 1,063 s; saves 47.5 % against on-demand 2 $14.69 an hour, never taken back" in flat(out)
    assert ["left out" in out, "*" in out, "!" in out, "Warning" in out, "Commitments" in out] == [False] * 5


def test_what_is_left_out_stands_below_the_offers_with_the_reason(mizan):
    code, out, _ = mizan(a_stack(queues=[by_capacity()], jobs=[]), prices=DEAR_SPOT)
    assert code == 0
    told = lines(out)
    assert "1 ondemand-a100 1 14.6900 2026-11-01 14.6900 100" in told
    assert "- spot - 14.0000* 2026-07-01! 16.3702* -" in told
    assert f"- spot is left out: {TOO_LITTLE}. Write `order: listed` to keep it." in flat(out)
    assert [out.count("left out"), "Jobs" in out] == [1, False]


def test_what_is_left_out_or_doubtful_is_told_once_and_other_warnings_stay(mizan):
    spare = a_pool(name="spare", capacity=[{"type": "on-demand", "maxNodes": 3}])
    unused = "pool spare: no queue counts its 12 GPUs"
    for queue, told in ((by_capacity(), "left out"), (a_queue(), "kept although")):
        stack = a_stack(pools=[a_pool(), spare], queues=[queue], jobs=[])
        _, out, _ = mizan(stack, prices=DEAR_SPOT)
        assert (flat(out).count(TOO_LITTLE), told in flat(out), f"Warning: {unused}" in flat(out)) == (1, True, True)
        _, out, _ = mizan(stack, "--output", "json", prices=DEAR_SPOT)
        document = json.loads(out)
        assert [text.startswith(unused) for text in document["warnings"]] == [True]
        assert [each["because"] for key in ("leftOut", "doubtful") for each in document["pools"][0][key]] == [
            TOO_LITTLE
        ]


def test_what_is_kept_although_it_is_not_worth_it_says_so(mizan):
    _, out, _ = mizan(a_stack(), prices=DEAR_SPOT)
    told = lines(out)
    assert "1 spot-a100 2 14.0000* 2026-07-01! 16.3702* 100" in told
    assert "2 ondemand-a100 1 14.6900 2026-11-01 14.6900 99" in told
    assert f"every 1,063 s; saves 4.7 % (derived) against on-demand; kept although: {TOO_LITTLE}" in flat(out)
    assert "left out" not in out


@pytest.mark.parametrize(
    ("changes", "derived", "stale"),
    [
        ({}, False, False),
        ({"basis": "derived"}, True, False),
        ({"as_of": "2026-08-23"}, False, True),
        ({"as_of": "2026-08-24"}, False, False),
    ],
)
def test_each_mark_has_a_legend_only_where_it_stands(mizan, changes, derived, stale):
    prices = (a_line(capacity_type="spot", usd_per_hour="7.71", **changes), a_line())
    _, out, _ = mizan(a_stack(), prices=prices)
    told = out.splitlines()
    assert ("* derived: computed from other prices, not read" in told) == derived
    assert ("! over 90 days old: look whether the cloud still asks as much" in told) == stale
    row = next(line for line in told if line.startswith("1  spot-a100"))
    assert ("7.7100*" in row, "!" in row) == (derived, stale)


def test_what_is_paid_in_advance_is_first_and_stands_under_commitments(mizan):
    queue = by_capacity(quotas=[{"pool": "a100", "gpus": 12}])
    _, out, _ = mizan(a_stack(queues=[queue], commitments=[BOUGHT], pools=[a_pool(capacity=BOTH)]))
    told = lines(out)
    assert [line.split()[1] for line in told if line[:2] in {"1 ", "2 ", "3 "} and "2026-11-01" in line] == [
        "reserved-a100",
        "spot-a100",
        "ondemand-a100",
    ]
    assert "1 paid for in advance by bought: one more hour costs nothing" in told
    assert "bought reservation 1 a2-highgpu-4g 5.5000 -" in told
    assert "USD per hour: without commitments, which have a table of their own" in flat(out)
    assert "training a100 12 reserved-a100, spot-a100," in told or "reserved-a100, spot-a100, ondemand-a100" in flat(
        out
    )


def test_a_savings_plan_covers_every_machine_of_its_cloud(mizan):
    _, out, _ = mizan(an_aws_stack())
    assert "plan savings-plan every machine of aws 2.5000 -" in lines(out)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({}, "held reservation 1 a2-highgpu-4g 14.6900 2026-11-01"),
        ({"basis": "derived", "as_of": "2026-07-01"}, "held reservation 1 a2-highgpu-4g 14.6900* 2026-07-01!"),
    ],
)
def test_a_commitment_s_price_has_its_day_and_its_marks(mizan, row, told):
    held = {"name": "held", "kind": "reservation", "machine": "a2-highgpu-4g", "nodes": 1}
    values = a_stack(pools=[a_pool(capacity=BOTH)], queues=[by_capacity()], commitments=[held])
    prices = (a_line(capacity_type="spot", usd_per_hour="7.71"), a_line(**row))
    assert told in lines(mizan(values, prices=prices)[1])
    (bought,) = json.loads(mizan(values, "-o", "json", prices=prices)[1])["commitments"]
    assert (bought["asOf"], bought["isStale"], bought["basis"]) == (
        row.get("as_of", "2026-11-01"),
        bool(row),
        row.get("basis", "listed"),
    )


def test_queues_show_their_flavors_in_order_and_jobs_their_checkpoint_interval(mizan):
    computed = a_job(name="train-2", checkpoint={"dir": "s3://checkpoints/train-2"})
    _, out, _ = mizan(a_stack(jobs=[a_job(), computed]))
    told = lines(out)
    first = told.index("training spot-a100 8 spot-a100")
    assert told[first + 1] == "ondemand-a100 4 ondemand-a100"
    assert "job queue pods a pod asks for checkpoint every" in told
    assert "team-a/train-1 training 1 4 GPUs 300 s" in told
    assert "team-a/train-2 training 1 4 GPUs 1063 s" in told


def test_a_table_of_usual_names_fits_80_columns(mizan):
    _, out, _ = mizan(a_stack(commitments=[BOUGHT]), prices=DEAR_SPOT)
    assert max(len(line.rstrip()) for line in out.splitlines() if not line.startswith("Warning")) <= 80


def test_a_long_name_is_folded_and_no_number_is_cut_at_80_columns(mizan):
    long = "a-pool-with-a-name-as-long-as-they-come"
    pool = a_pool(name=long, capacity=[{"type": "spot", "maxNodes": 1000}, {"type": "on-demand", "maxNodes": 1000}])
    queue = by_capacity(quotas=[{"pool": long, "gpus": 8000}])
    code, out, _ = mizan(a_stack(pools=[pool], queues=[queue]))
    assert code == 0
    assert "…" not in out
    told = lines(out)
    row = told.index("1 spot-a-pool-with-a-nam 1000 7.7100 2026-11-01 9.0153 100")
    assert told[row + 1] == "e-as-long-as-they-come"


def test_the_json_has_these_keys_and_money_as_text(mizan):
    values = a_stack(queues=[by_capacity()], commitments=[BOUGHT], pools=[a_pool(capacity=BOTH)])
    code, out, _ = mizan(values, "-o", "json", prices=DEAR_SPOT)
    assert code == 0
    told = json.loads(out)
    assert " ".join(told) == "stack cloud region today currency pools commitments flavors queues jobs warnings"
    assert {part: " ".join(told[part][0]) for part in ("pools", "commitments", "flavors", "queues", "jobs")} == {
        "pools": "name machine gpu gpusPerNode order diskGib sharing offers leftOut doubtful",
        "commitments": "name kind provider machine nodes usdPerHour asOf isStale basis source",
        "flavors": "name pool capacityType offers resources maxUnits",
        "queues": "name fallback cohort teams flavors",
        "jobs": "namespace name queue pods gpusPerPod unitsPerPod unit resource checkpointSeconds",
    }
    reserved, on_demand = told["pools"][0]["offers"]
    assert (reserved["name"], reserved["commitments"], reserved["maxNodes"]) == ("reserved-a100", {"bought": 1}, 1)
    assert (on_demand["price"]["usdPerHour"], on_demand["usdPerUsefulHour"]) == ("14.69", "14.69")
    assert told["commitments"][0]["usdPerHour"] == "5.5"
    (left_out,) = told["pools"][0]["leftOut"]
    assert (left_out["capacityType"], left_out["because"]) == ("spot", TOO_LITTLE)
    # 14 / (1 - the share that is lost)
    assert (left_out["usdPerUsefulHour"], left_out["lostShare"]) == ("16.370201", "0.144788")
    assert left_out["price"] | {"file": "own.csv"} == {
        "usdPerHour": "14",
        "asOf": "2026-07-01",
        "isStale": True,
        "basis": "derived",
        "source": "contract 4711",
        "file": "own.csv",
        "line": 2,
    }
    assert told["pools"][0]["doubtful"] == []
    assert told["warnings"] == []


def test_a_shared_pool_tells_how_by_whom_and_what_each_part_costs(mizan):
    pool = a_pool(sharing=PROFILE, capacity=[{"type": "on-demand", "maxNodes": 3, "minNodes": 1}])
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "units": 56}])
    code, out, err = mizan(a_stack(pools=[pool], queues=[queue], jobs=[]))
    assert (code, err) == (0, "")
    told = lines(out)
    assert (
        "shared: mig, each GPU cut into 7 x 1g.5gb; set up by NVIDIA's GPU operator; a unit of a quota: 1g.5gb" in told
    )
    # 14.69 / 4 GPUs / 7 instances
    assert "1g.5gb 7 28 5 nvidia.com/mig-1g.5gb" in told
    assert "ondemand-a100 1g.5gb 0.5246" in told
    assert "1 ondemand-a100 1-3 14.6900 2026-11-01 14.6900 100" in told
    assert "training a100 56 1g.5gb ondemand-a100" in told
    assert "nodes: the fewest, where some always stay, and the most there can be" in flat(out)
    document = json.loads(mizan(a_stack(pools=[pool], queues=[queue], jobs=[]), "-o", "json")[1])
    (pool,) = document["pools"]
    assert pool["sharing"] == {
        "mode": "mig",
        "manager": "operator",
        "layout": {"1g.5gb": 7},
        "replicas": 1,
        "unit": "1g.5gb",
        "unitsPerGpu": 7,
    }
    (offer,) = pool["offers"]
    assert (offer["minNodes"], offer["unitsPerNode"], offer["resources"]) == (1, 28, {"nvidia.com/mig-1g.5gb": 28})
    assert offer["parts"] == [
        {
            "name": "1g.5gb",
            "resource": "nvidia.com/mig-1g.5gb",
            "perGpu": 7,
            "memoryGib": 5,
            "usdPerHour": "0.524643",
        }
    ]
    (flavor,) = document["queues"][0]["flavors"]
    assert (flavor["gpus"], flavor["units"], flavor["unit"]) == (None, 56, "1g.5gb")


@pytest.mark.parametrize(
    ("sharing", "told"),
    [
        (
            LAYOUT,
            (
                "mig, each GPU cut into 3g.20gb + 2g.10gb + 1g.5gb; set up by NVIDIA's GPU operator; "
                "a unit of a quota: GPU"
            ),
        ),
        (TURNS, "time-slicing, 4 pods on each GPU; set up by NVIDIA's GPU operator; a unit of a quota: 1/4 GPU"),
        ({"mode": "dra"}, "dra, pods claim whole GPUs; set up by NVIDIA's GPU operator; a unit of a quota: GPU"),
    ],
)
def test_every_way_of_sharing_has_its_words(mizan, sharing, told):
    _, out, _ = mizan(a_sharing_stack("local", sharing, capacity=kept()))
    assert f"shared: {told} " in flat(out)


@pytest.mark.parametrize(
    ("sharing", "gpu", "told"),
    [
        (TURNS, {"count": 1, "accepts": ["time-slicing"]}, "1 x 1/4 of a GPU"),
        (PROFILE, {"count": 1, "accepts": ["mig"]}, "1 x 1g.5gb"),
        ({"mode": "none"}, {"count": 1}, "1 GPU"),
        ({"mode": "none"}, {"count": 4}, "4 GPUs"),
    ],
)
def test_a_job_is_told_with_what_each_of_its_pods_asks_for(mizan, sharing, gpu, told):
    job = {key: value for key, value in a_job().items() if key != "gpus"} | {"gpu": gpu}
    code, out, _ = mizan(a_sharing_stack("local", sharing) | {"jobs": [job]})
    assert code == 0
    assert f"team-a/train-1 training 1 {told} 300 s" in lines(out)
    table = out[out.index("Jobs") :].splitlines()
    assert max(len(line.rstrip()) for line in table if not line.startswith("Warning")) <= 80


def test_a_table_of_parts_fits_80_columns(mizan):
    for sharing in (PROFILE, LAYOUT, TURNS):
        _, out, _ = mizan(a_sharing_stack("local", sharing), prices=DEAR_SPOT)
        table = out[out.index("part") : out.index("why")].splitlines()
        assert max(len(line.rstrip()) for line in table) <= 80


def test_a_check_tells_in_one_line_what_was_compared_and_ends_with_0(mizan):
    code, out, err = mizan(a_stack(), "--check")
    assert (code, err) == (0, "")
    (line,) = out.splitlines()
    assert re.fullmatch(r"Stack test agrees in \d+ comparisons of \d+ documents: machine, .*price, quota\.", line)
    code, out, _ = mizan(a_stack(), "--check", "-o", "json")
    told = json.loads(out)
    assert (code, list(told)) == (0, ["stack", "agrees", "comparisons", "documents", "facts", "disagreements"])
    assert (told["agrees"], told["disagreements"]) == (True, [])
    assert {"NodePool spot-a100", "ResourceFlavor spot-a100", "ClusterQueue training", "own.csv:2"} <= {
        *told["documents"]
    }


def test_a_check_that_finds_a_disagreement_names_both_documents_and_ends_with_1(mizan, monkeypatch):
    def with_another_machine(plan):
        documents = documents_of(plan)
        pool = documents.named("NodePool", "spot-a100")
        pool["spec"]["weight"] = 1
        pool["spec"]["template"]["metadata"]["labels"]["mizan.dev/pool"] = "h100"
        return documents

    monkeypatch.setattr("mizan.cli.plan.documents_of", with_another_machine)
    code, out, err = mizan(a_stack(), "--check")
    assert (code, err) == (1, "")
    assert "Stack test: 1 disagreements" in out
    told = flat(out)
    assert all(word in told for word in ("spot-a100", "node labels", "ResourceFlavor", "NodePool", "Found in"))
    code, out, _ = mizan(a_stack(), "--check", "-o", "json")
    assert (code, json.loads(out)["disagreements"]) == (
        1,
        [
            {
                "of": "spot-a100",
                "fact": "node labels",
                "first": {"document": "ResourceFlavor spot-a100", "value": "mizan.dev/pool=a100"},
                "second": {"document": "NodePool spot-a100", "value": "mizan.dev/pool=h100"},
            }
        ],
    )


def test_a_fault_of_the_stack_ends_with_its_line_and_2(mizan):
    code, out, err = mizan(a_stack(region="us-cental1"))
    assert (code, out) == (2, "")
    assert "Pulumi.test.yaml" in err
    assert "us-cental1" in err
