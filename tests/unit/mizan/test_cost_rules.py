"""Commitments, workloads and an own price file: what a stack may say, and what is told otherwise."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from mizan.cli.stacks import plan_of_file
from mizan.config import CommitmentKind, ConfigErrors, parse, read_stack
from mizan.errors import PlatformError
from mizan.plan import build_plan
from tests.builders import TODAY, a_plan, a_pool, a_queue, a_stack, faults_of

RESERVATION = {"name": "r", "kind": "reservation", "machine": "a2-highgpu-4g", "nodes": 1}
PLAN = {"name": "p", "kind": "savings-plan", "usdPerHour": 10, "discountPercent": 30}
AWS = {"region": "us-east-1", "pools": [a_pool(machine="p4d.24xlarge")]}
HEADER = "provider,region,zone,machine,capacity_type,usd_per_hour,currency,as_of,basis,source"
OWN = f"{HEADER}\ngcp,us-central1,,a2-highgpu-4g,spot,5.5,USD,2026-11-01,listed,our contract\n"


def committed(**changes):
    return a_stack(commitments=[{key: value for key, value in (RESERVATION | changes).items() if value is not None}])


def test_commitments_cost_what_is_agreed_or_what_the_lists_say():
    commitments = [
        RESERVATION,
        {"name": "c", "kind": "committed-use", "machine": "a2-highgpu-4g", "nodes": 2, "term": "3y"},
        {"name": "b", "kind": "dws-calendar", "machine": "a2-highgpu-4g", "nodes": 3, "usdPerHour": "9.5"},
    ]
    found = a_plan(a_stack(commitments=commitments)).commitments
    assert [(each.name, round(each.usd_per_hour, 4), each.nodes, each.discount) for each in found] == [
        ("r", Decimal("14.6935"), 1, None),
        # 3,754.27 a month / 730 h x 2
        ("c", Decimal("10.2857"), 2, None),
        ("b", Decimal("28.5"), 3, None),
    ]
    assert found[0].source.startswith("on-demand of 2026-07-30: ")
    assert found[1].source.startswith("3y of 2026-07-30: ")
    assert found[2].source == "the stack's own figure"
    (plan,) = a_plan(a_stack(**AWS, commitments=[PLAN])).commitments
    assert (plan.usd_per_hour, plan.nodes, plan.discount, plan.provider) == (Decimal(10), None, Decimal("0.3"), "aws")


def test_commitments_go_to_the_pools_in_their_order_as_far_as_they_reach():
    sizes = {"a": 2, "b": 3}
    machine = "p4d.24xlarge"
    pools = [
        a_pool(name=name, machine=machine, capacity=[{"type": "on-demand", "maxNodes": size}])
        for name, size in sizes.items()
    ]
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a", "gpus": 1}])
    bought = [RESERVATION | {"machine": machine, "nodes": 3}, PLAN | {"usdPerHour": 31}]
    offers = a_plan(a_stack(region="us-east-1", pools=pools, queues=[queue], commitments=bought)).offers
    # Reserved: 2 of a, 1 of b. The plan pays 21.957642 x 0.7 = 15.37 a node: two more of b, and 0.26 is left over.
    assert [(offer.name, offer.max_nodes, dict(offer.commitments)) for offer in offers] == [
        ("reserved-a", 2, {"r": 2}),
        ("reserved-b", 3, {"r": 1, "p": 2}),
    ]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            committed(machine="a2-highgpu-8g"),
            ("commitments[0].machine: a2-highgpu-8g; needs the machine of a pool with on-demand capacity because what "
            "is bought in advance is used as on-demand, and is paid even if no pool can use it. Did you mean "
            "`a2-highgpu-4g`?"),
        ),
        (
            committed(until="2026-11-21"),
            ("commitments[0].until: 2026-11-21; needs a day not before 2026-11-22 because what has ended covers "
            "nothing. Remove the commitment, or write its new end."),
        ),
        (
            committed(until=date(2026, 11, 21)),
            ("commitments[0].until: 2026-11-21; needs a day not before 2026-11-22 because what has ended covers "
            "nothing. Remove the commitment, or write its new end."),
        ),
        (
            committed(nodes=None),
            "commitments[0].nodes: nothing; needs a value because a reservation is of so many machines. Add `nodes`.",
        ),
        (
            committed(machine=None),
            ("commitments[0].machine: nothing; needs a value because a reservation is of one machine type. Add "
            "`machine`."),
        ),
        (
            committed(kind="dws-calendar"),
            ("commitments[0].usdPerHour: nothing; needs a value because no list says what your dws-calendar costs. "
            "Add `usdPerHour`."),
        ),
        (
            committed(kind="capacity-block", usdPerHour=9),
            (
                "commitments[0].kind: capacity-block; needs a kind that gcp sells because only aws sells a "
                "capacity-block, and a2-highgpu-4g is a machine of gcp. Write `dws-calendar` with `usdPerHour`, or "
                "correct the machine."
            ),
        ),
        (
            committed(kind="committed-use"),
            "commitments[0].term: nothing; needs a value because the public price depends on it. Add `term`.",
        ),
        (
            committed(kind="committed-use", usdPerHour=5, term="1y"),
            "commitments[0].term: 1y; needs no value here because with `usdPerHour` no list is read. Remove `term`.",
        ),
        (
            committed(term="1y"),
            ("commitments[0].term: 1y; needs no value here because only a committed use has a public price by term. "
            "Remove `term`."),
        ),
        (
            committed(discountPercent=5),
            ("commitments[0].discountPercent: 5; needs no value here because only a savings plan has one; write the "
            "price itself. Remove `discountPercent`."),
        ),
        (
            a_stack(**AWS, commitments=[PLAN | {"nodes": 2}]),
            ("commitments[0].nodes: 2; needs no value here because a savings plan counts dollars, not machines. Remove "
            "`nodes`."),
        ),
        (
            a_stack(**AWS, commitments=[{"name": "p", "kind": "savings-plan", "usdPerHour": 10}]),
            ("commitments[0].discountPercent: nothing; needs a value because without it nobody knows how many hours it "
            "covers. Add `discountPercent`."),
        ),
        (
            a_stack(commitments=[RESERVATION, RESERVATION]),
            ("commitments[1].name: r; needs a name used once because mizan:commitments[0] already has it, and one "
            "would overwrite the other. Rename one of the two."),
        ),
        (
            a_stack(queues=[a_queue(workload={"checkpointIntervalSeconds": 60})]),
            ("queues[0].workload.checkpointIntervalSeconds: 60; needs more than the 60 s that a checkpoint takes "
            "because the workload would do nothing but save itself. Raise it, or leave it out for the best one."),
        ),
        (
            a_stack(
                pools=[a_pool(meanUptimeHours=0.5)],
                queues=[a_queue(workload={"checkpointWriteSeconds": 900, "nodes": 2})],
            ),
            ("queues[0].workload.checkpointWriteSeconds: 900; needs less than the 900 s that 2 spot nodes of pool a100 "
            "stay up together because no checkpoint would ever be finished. Write smaller checkpoints, use fewer "
            "nodes, correct `meanUptimeHours`, or buy no spot."),
        ),
        (
            a_stack(pools=[a_pool(capacity=[{"type": "flex-start", "maxNodes": 1}])], queues=[a_queue(
                fallback="capacity", quotas=[{"pool": "a100", "gpus": 4}]
            )]),
            ("pools[0].capacity[0].type: flex-start; needs spot or on-demand because the embedded cluster's nodes come "
            "from Karpenter, which knows no flex-start. Write `spot` in this stack, and `flex-start` in one on GKE."),
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used_or_priced_is_told(values, told):
    assert f"mizan:{told}" in faults_of(values)


def test_a_committed_use_outside_the_list_needs_its_price():
    pool = a_pool(machine="a2-ultragpu-1g", gpu="a100-80gb", capacity=[{"type": "on-demand", "maxNodes": 1}])
    values = a_stack(
        pools=[pool],
        queues=[a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 1}])],
        jobs=[],
        commitments=[RESERVATION | {"kind": "committed-use", "machine": "a2-ultragpu-1g", "term": "5y"}],
    )
    assert any("commitments[0].term: 5y" in fault for fault in faults_of(values))


def test_a_job_saves_itself_as_often_as_loses_least_unless_it_says_otherwise():
    values = a_stack(pools=[a_pool(meanUptimeHours=8)])
    # sqrt(2 x 60 x 8 h x 3,600) = 1,859; for two pods half the up-time, and 72 s of writing: sqrt(2 x 72 x 14,400)
    for checkpoint, pods, seconds in (({}, 1, 1859), ({"writeSeconds": 72}, 2, 1440), ({"intervalSeconds": 7}, 1, 7)):
        [job] = values["jobs"]
        job = job | {"pods": pods, "checkpoint": {"dir": "s3://a"} | checkpoint}
        assert a_plan(values | {"jobs": [job]}).jobs[0].checkpoint_seconds == seconds
    steady = values["jobs"][0] | {"spotEligible": False, "checkpoint": {"dir": "s3://a"}}
    assert a_plan(values | {"jobs": [steady]}).jobs[0].checkpoint_seconds == 3600


def test_a_pool_on_which_no_work_gets_done_is_told_with_its_line(tmp_path):
    pool = a_pool(capacity=[{"type": "spot", "maxNodes": 1}])
    workload = {"nodes": 500, "checkpointWriteSeconds": 3600}
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 4}], workload=workload)
    values = a_stack(pools=[pool], queues=[queue], jobs=[])
    with pytest.raises(ConfigErrors, match="mizan:pools"):
        build_plan("test", parse(values, TODAY))
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(json.dumps({"config": {f"mizan:{key}": value for key, value in values.items()}}, indent=1))
    with pytest.raises(ConfigErrors) as caught:
        plan_of_file(file, "test")
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if '"capacity": [' in text)
    assert str(caught.value).startswith(f'{file}: 1 fault\n  line {line}: mizan:pools[0].capacity: ["spot"]; needs a ')
    assert str(caught.value).endswith("leave no time for work. Add `- {type: on-demand, maxNodes: 1}`.")


def stack_with_prices(tmp_path, text, name="own.csv"):
    (tmp_path / "own.csv").write_text(text)
    values = a_stack(priceFile=name)
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(json.dumps({"config": {f"mizan:{key}": value for key, value in values.items()}}))
    return file


def test_a_stack_s_own_prices_win_and_the_others_stay(tmp_path):
    config = read_stack(stack_with_prices(tmp_path, OWN), TODAY)
    prices = {offer.name: offer.price for offer in build_plan("test", config).offers}
    assert prices["spot-a100"].usd_per_hour == Decimal("5.5")
    assert (prices["spot-a100"].file, prices["spot-a100"].line) == (str(tmp_path / "own.csv"), 2)
    assert prices["ondemand-a100"].usd_per_hour == Decimal("14.69354")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("zone,b\n", f":1: zone,b; needs {HEADER} because"),
        ("", f":1: no header; needs {HEADER} because"),
        (OWN.replace("USD", "EUR"), ":2: EUR; needs USD because sums over two currencies mean nothing. Convert"),
        (OWN.replace("2026-11-01", "2026-11-23"), ":2: 2026-11-23; needs a day not after 2026-11-22 because"),
        (OWN.replace("2026-11-01", "July"), ":2: July; needs a day such as 2026-07-30 because"),
        (OWN.replace("5.5", "0"), ":2: 0; needs a price above 0 because"),
        (OWN.replace("5.5", "NaN"), ":2: NaN; needs a price above 0 because"),
        (OWN.replace("5.5", "five"), ":2: five; needs a price above 0 because"),
        (OWN.replace("spot", "cheap"), ":2: cheap; needs spot or on_demand or flex_start because"),
        (OWN.replace("listed", "guessed"), ":2: guessed; needs listed or derived because"),
        (OWN.replace("our contract", " "), ":2: no source; needs a source because"),
        (OWN.replace(",our contract", ""), ":2: another number of values; needs 10 values because"),
        (
            OWN + OWN.splitlines()[1] + "\n",
            ":3: a2-highgpu-4g spot in us-central1, as in line 2; needs one price",
        ),
        (OWN.replace("our contract", '"our contract'), ":2: unexpected end of data; needs CSV text because"),
        (
            OWN.replace("our contract", '"our\ncontract"'),
            ":3: a line break inside quotes; needs one line a row",
        ),
        (OWN + "x\n", ":3: another number of values; needs 10 values because"),
    ],
)
def test_an_unsound_price_file_is_told_with_its_line(tmp_path, text, told):
    with pytest.raises(PlatformError) as caught:
        read_stack(stack_with_prices(tmp_path, text), TODAY)
    assert str(caught.value).startswith(f"{tmp_path / 'own.csv'}{told}")


def warned(**changes):
    return list(a_plan(a_stack(**changes)).warnings)


ON_GOOGLE = {"machine": "a2-highgpu-4g"}
ON_AWS = {"machine": "p4d.24xlarge"}
# Every kind as each cloud would have it, and what the other cloud sells in its place.
KINDS = {
    "reservation": ({"nodes": 1}, "both", ""),
    "committed-use": (
        {"nodes": 1, "usdPerHour": 5},
        "gcp",
        "Write `savings-plan` with `usdPerHour` and `discountPercent`",
    ),
    "dws-calendar": ({"nodes": 1, "usdPerHour": 5}, "gcp", "Write `capacity-block` with `usdPerHour`"),
    "savings-plan": (
        {"usdPerHour": 5, "discountPercent": 20},
        "aws",
        "Write `committed-use` with `machine`, `nodes` and `term`",
    ),
    "capacity-block": ({"nodes": 1, "usdPerHour": 5}, "aws", "Write `dws-calendar` with `usdPerHour`"),
}


@pytest.mark.parametrize("provider", ["aws", "gcp"])
@pytest.mark.parametrize("kind", CommitmentKind)
def test_each_cloud_sells_its_own_kinds_and_the_other_s_are_refused_with_what_to_buy_instead(kind, provider):
    keys, seller, instead = KINDS[kind]
    machine = ON_AWS if provider == "aws" else ON_GOOGLE
    values = a_stack(**(AWS if provider == "aws" else {}), commitments=[{"name": "c", "kind": kind} | machine | keys])
    if seller in {provider, "both"}:
        (taken,) = a_plan(values).commitments
        assert (taken.kind, taken.provider) == (kind, provider)
        return
    assert faults_of(values) == [
        (
            f"mizan:commitments[0].kind: {kind}; needs a kind that {provider} sells because only {seller} sells a "
            f"{kind}, and {machine['machine']} is a machine of {provider}. {instead}, or correct the machine."
        )
    ]


def test_a_savings_plan_of_every_machine_is_refused_where_the_machines_are_google_s():
    assert faults_of(a_stack(commitments=[PLAN])) == [
        (
            "mizan:commitments[0].kind: savings-plan; needs a kind that gcp sells because only aws sells a "
            "savings-plan, and the stack's machines are of gcp. Write `committed-use` with `machine`, `nodes` and "
            "`term`."
        )
    ]


def test_what_a_cloud_does_not_sell_is_told_beside_a_mistyped_pool():
    faults = faults_of(a_stack(pools=[a_pool(machine="a2-highgpu-4")], commitments=[PLAN]))
    assert [fault.split(";")[0] for fault in faults] == [
        "mizan:pools[0].machine: a2-highgpu-4",
        "mizan:commitments[0].kind: savings-plan",
    ]


def test_what_is_bought_in_advance_and_cannot_be_used_is_warned_of():
    assert [text for text in warned(commitments=[RESERVATION | {"nodes": 5}]) if "commitment" in text] == [
        (
            "commitment r: pays for 5 nodes, but the pools' on-demand capacity has room for 1 of them. Raise "
            "`maxNodes`, or count the rest as paid for nothing."
        )
    ]
    # The one on-demand node costs 21.957642 x 0.7 = 15.37: 15 dollars pay for most of it, of 16 are 0.63 left.
    (told,) = [text for text in warned(**AWS, commitments=[PLAN | {"usdPerHour": "16"}]) if "commitment" in text]
    assert told.startswith("commitment p: $0.63 of its $16.00 an hour pay for nothing, as all on-demand capacity")
    assert [text for text in warned(**AWS, commitments=[PLAN | {"usdPerHour": "15"}]) if "commitment" in text] == []
    assert [text for text in warned(commitments=[RESERVATION]) if "commitment" in text] == []


def test_a_pool_that_no_queue_counts_is_warned_of():
    spare = a_pool(name="spare", capacity=[{"type": "spot", "maxNodes": 3}])
    told = "pool spare: no queue counts its 12 GPUs, so no job gets them. Add a quota, or remove it."
    assert told in warned(pools=[a_pool(), spare])
    assert told not in warned()


def test_gpus_of_a_capacity_type_beyond_its_quotas_are_warned_of():
    """Two nodes of spot, 8 GPUs, and 6 of them in a queue; where the autoscaler chooses, more nodes are a fallback."""
    apart = a_queue(quotas=[{"pool": "a100", "capacity": "spot", "gpus": 6}])
    spot, on_demand = (text for text in warned(queues=[apart]) if text.startswith("pool"))
    assert spot == (
        "pool a100: grows to 8 GPUs of spot, but queues are admitted to 6 of them at most; no job gets the rest, which "
        "is in the maximum of every estimate. Raise the quotas, or lower `maxNodes`."
    )
    assert on_demand.startswith("pool a100: grows to 4 GPUs of on-demand, but queues are admitted to 0 of them")
    together = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 6}])
    assert [text for text in warned(queues=[together]) if text.startswith("pool")] == []


def test_a_job_that_gets_no_work_done_on_spot_is_warned_of():
    job = a_stack()["jobs"][0]
    slow = job | {"pods": 4, "checkpoint": {"dir": "s3://a", "writeSeconds": 36_000}}
    (told,) = [text for text in warned(jobs=[slow]) if text.startswith("job team-a/train-1: no work gets done")]
    assert "on spot nodes of pool a100: 4 pods stay up 39 min together (3628 up-times" in told
    for fine in (job, slow | {"spotEligible": False}):
        assert [text for text in warned(jobs=[fine]) if "no work gets done" in text] == []


def test_a_job_that_only_saves_itself_is_refused():
    job = a_stack()["jobs"][0] | {"checkpoint": {"dir": "s3://a", "intervalSeconds": 60, "writeSeconds": 60}}
    assert faults_of(a_stack(jobs=[job])) == [
        (
            "mizan:jobs[0].checkpoint.intervalSeconds: 60; needs more than the 60 s that a checkpoint takes because "
            "the job would do nothing but save itself. Raise it, or leave it out for the best one."
        )
    ]


def test_a_stated_up_time_counts_as_text_too():
    queue = a_queue(workload={"checkpointWriteSeconds": 1800})
    assert (
        "queues[0].workload.checkpointWriteSeconds: 1800"
        in faults_of(a_stack(pools=[a_pool(meanUptimeHours="0.5")], queues=[queue]))[0]
    )


def test_a_price_file_that_cannot_be_read_is_told_with_the_stack_s_line(tmp_path):
    with pytest.raises(ConfigErrors) as caught:
        read_stack(stack_with_prices(tmp_path, OWN, name="none.csv"), TODAY)
    assert "line 1: mizan:priceFile: none.csv: No such file or directory; needs a readable price file" in str(
        caught.value
    )


@pytest.mark.parametrize("until", ["2027-06-30", date(2027, 6, 30), "2027-06-30 00:00:00 +0000 UTC"])
def test_a_day_is_read_as_yaml_and_as_pulumi_write_it(until):
    assert parse(committed(until=until), TODAY).commitments[0].until == date(2027, 6, 30)


@pytest.mark.parametrize(
    "until", ["2020-01-01T00:00:00", "20270630", datetime(2027, 6, 30, tzinfo=UTC), 5, "2027-02-30"]
)
def test_what_is_no_day_is_told(until):
    assert "; needs a day such as 2027-06-30 because " in faults_of(committed(until=until))[0]


def test_a_pool_whose_on_demand_is_all_paid_for_and_whose_spot_is_out_still_makes_a_plan():
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 4}], workload={"nodes": 20})
    assert [offer.name for offer in a_plan(a_stack(queues=[queue], commitments=[RESERVATION])).offers] == [
        "reserved-a100"
    ]


def test_a_quota_of_nothing_does_not_come_first():
    quotas = [{"pool": "a100", "capacity": kind, "gpus": gpus} for kind, gpus in (("spot", 0), ("on-demand", 4))]
    assert [offer.name for offer in a_plan(a_stack(queues=[a_queue(quotas=quotas)])).offers] == [
        "ondemand-a100",
        "spot-a100",
    ]


def test_a_row_of_an_own_price_file_that_no_pool_can_use_is_warned_of(tmp_path):
    typo = OWN.splitlines()[1].replace("a2-highgpu-4g", "a2-higgpu-4g")
    wrong = OWN.splitlines()[1].replace("gcp,", "aws,").replace(",spot,", ",on_demand,")
    config = read_stack(stack_with_prices(tmp_path, f"{OWN}{typo}\n{wrong}\n"), TODAY)
    assert [text for text in build_plan("test", config).warnings if "own.csv" in text] == [
        f"{tmp_path / 'own.csv'}:3: no machine a2-higgpu-4g in the catalogue; this price is never used.",
        f"{tmp_path / 'own.csv'}:4: a2-highgpu-4g is a machine of gcp, not of aws.",
    ]
