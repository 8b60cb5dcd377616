"""Every field of a stack by itself: what it takes, what it refuses, and how it says so."""

import re
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from mizan.capacity import CapacityType
from mizan.config import Addons, Cloud, Install, Pool, StackConfig
from mizan.config.models import NOT_KEYS
from tests.builders import (
    NOTHING,
    TODAY,
    a_config,
    a_job,
    a_stack,
    a_whole_stack,
    an_aws_stack,
    an_existing_stack,
    faults_of,
    with_value,
)
from tests.dcgm_stacks import a_measured_stack
from tests.eks_stacks import a_whole_eks_stack, an_eks_stack_in_a_given_vpc
from tests.gke_stacks import a_gke_stack_in_a_given_vpc, a_whole_gke_stack
from tests.monitoring_stacks import a_whole_external_prometheus, a_whole_monitoring, a_whole_spot_feed
from tests.operator_stacks import a_whole_operator
from tests.sharing_stacks import LAYOUT, PROFILE, TURNS, a_sharing_stack, kept


def parts_in(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every part of a value with its path: keys, and entries of lists; a key with a dot, as a MIG profile, has none."""
    if path:
        yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        if isinstance(key, str) and "." in key:
            continue
        below = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}" if path else key
        yield from parts_in(item, below)


def models_in(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for candidate in (field.annotation, *get_args(field.annotation)):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                yield from models_in(candidate)


MODELS = sorted(set(models_in(StackConfig)), key=lambda model: model.__name__)


def a_stack_of_parts() -> dict[str, Any]:
    """A stack of a pool of MIG instances, with nodes that stay."""
    return a_sharing_stack("local", PROFILE | {"manager": "operator"}, capacity=kept())


def a_stack_with_a_job_of_parts() -> dict[str, Any]:
    """A stack of a pool of MIG instances, and a job that says all it can of the part that it asks for."""
    gpu = {"model": "a100-40gb", "count": 1, "accepts": ["mig"], "profile": "1g.5gb"}
    job = {key: value for key, value in a_job().items() if key != "gpus"} | {"gpu": gpu}
    return a_stack_of_parts() | {"jobs": [job]}


# Where a path is tried: keys that no stack can have at once are in several, and the last that has one counts.
STACKS: tuple[tuple[str, Callable[[], dict[str, Any]]], ...] = (
    ("", a_whole_stack),
    ("cluster", an_existing_stack),
    ("commitments[1]", an_aws_stack),
    *((path, a_whole_eks_stack) for path in ("eks", "pools[0].karpenter", "addons.karpenter")),
    *((f"eks.{key}", an_eks_stack_in_a_given_vpc) for key in ("network.vpc", "network.subnets", "authorisedNetworks")),
    *((path, a_whole_gke_stack) for path in ("gke", "labels", "checkpoints")),
    ("addons.gpuOperator", a_whole_operator),
    ("addons.dcgmExporter", a_measured_stack),
    *((path, a_whole_monitoring) for path in ("addons.prometheus", "addons.opencost")),
    ("addons.opencost.spotFeed", a_whole_spot_feed),
    *(
        (f"addons.prometheus.{key}", a_whole_external_prometheus)
        for key in ("url", "headersSecret", "clusterLabel", "rulesInCluster", "objectLabels")
    ),
    *((path, a_stack_of_parts) for path in ("pools[0].sharing", "queues[0].quotas[0].units")),
    *((f"pools[0].capacity[{number}].minNodes", a_stack_of_parts) for number in (0, 1)),
    ("jobs[0].gpu", a_stack_with_a_job_of_parts),
    ("pools[0].sharing.layout", lambda: a_sharing_stack("local", LAYOUT)),
    ("pools[0].sharing.replicas", lambda: a_sharing_stack("local", TURNS)),
    *((f"pools[0].{key}", a_whole_gke_stack) for key in ("zones", "warm", "gke")),
    *(
        (f"gke.network.{key}", a_gke_stack_in_a_given_vpc)
        for key in ("network", "subnetwork", "podsRange", "servicesRange")
    ),
)
HOLDERS = {
    path: stack
    for beginning, stack in STACKS
    for path, _ in parts_in(stack())
    if re.match(rf"{re.escape(beginning)}($|[.\[])" if beginning else "", path)
}


def a_stack_that_has(path: str) -> dict[str, Any]:
    return HOLDERS[path]()


PARTS = {path: dict(parts_in(a_stack_that_has(path)))[path] for path in HOLDERS}
TEXTS = [path for path, value in PARTS.items() if isinstance(value, str)]
NUMBERS = [path for path, value in PARTS.items() if isinstance(value, int) and not isinstance(value, bool)]


def field_at(path: str) -> FieldInfo | None:
    """The field that a path leads to; None for an entry of a list or of a mapping of anybody's keys."""
    model, found = StackConfig, None
    for part in path.split("."):
        found = next((field for field in model.model_fields.values() if field.alias == part.split("[")[0]), None)
        if found is None:
            return None
        inner = [item for item in (found.annotation, *get_args(found.annotation)) if isinstance(item, type)]
        model = next((item for item in inner if issubclass(item, BaseModel)), model)
    return None if path.endswith("]") else found


FIELDS = {path: field for path in PARTS if (field := field_at(path)) is not None}
CONFIDENTIAL = {path for path, field in FIELDS.items() if "is_confidential" in (field.json_schema_extra or {})}
REQUIRED = [path for path, field in FIELDS.items() if field.is_required()]

# Left out, another key of the same stack means nothing any more; test_config_rules.py says which and why.
NEEDED_BY_ANOTHER = {
    "addons.opencost.cloudKeySecret",
    "addons.prometheus.url",
    "queues[0].fallback",
    "queues[0].cohort",
    "queues[0].quotas[0].capacity",
    "queues[0].quotas[1].capacity",
    "queues[0].quotas[0].gpus",
    "queues[0].quotas[1].gpus",
    "queues[0].quotas[0].units",
    "cohorts",
    "cohorts[0].quotas",
    "cohorts[0].quotas[0].capacity",
    "cohorts[0].quotas[0].gpus",
    "pools[0].sharing",
    "pools[0].sharing.mode",
    "pools[0].sharing.profile",
    "pools[0].sharing.layout",
    "pools[0].sharing.replicas",
    "jobs[0].gpu",
    "jobs[0].gpu.accepts",
    "jobs[0].gpus",
    "jobs[1].gpus",
    "jobs[0].checkpoint.dir",
    "jobs[1].checkpoint.volume",
    "addons.kueue.fairSharing",
    "cluster",
    "commitments[0].machine",
    "commitments[0].nodes",
    "commitments[0].term",
    "commitments[1].usdPerHour",
    "commitments[1].discountPercent",
    "gke",
    "gke.network.network",
    "gke.network.subnetwork",
    "gke.network.podsRange",
    "gke.network.servicesRange",
    "eks",
    "eks.network.vpc",
    "eks.network.subnets",
}


def taken_at(path: str, values: dict[str, Any]) -> Any:
    """What a stack that was taken holds at a path, as a file would write it."""
    found: Any = a_config(values).model_dump(mode="json", by_alias=True, exclude=NOT_KEYS)
    for part in re.findall(r"[^.\[\]]+", path):
        found = found[int(part) if part.isdigit() else part]
    return found


def observed(fault: str) -> str:
    """A fault's path and the value it saw."""
    return fault.split("; needs ", maxsplit=1)[0]


@pytest.mark.parametrize("model", MODELS)
def test_every_field_is_described_with_its_reason_and_its_fix(model):
    for name, field in model.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        told = {"because", "fix", "needs", "is_confidential"}
        assert name in NOT_KEYS or {"because", "fix"} <= set(field.json_schema_extra) <= told, name


def test_the_paths_tried_below_reach_every_field():
    fields = {field.alias for model in MODELS for field in model.model_fields.values()} - NOT_KEYS
    assert {field.alias for field in FIELDS.values()} == fields


def test_a_valid_stack_becomes_a_frozen_config_that_remembers_its_day():
    config = a_config()
    assert (config.cloud, config.today, config.cluster) == (Cloud.LOCAL, TODAY, None)
    assert config.pools[0].capacity[0].type is CapacityType.SPOT
    assert config.teams[0].cost_center == "ml-research"
    assert config.addons == Addons.model_validate({"kueue": {"install": Install.EXTERNAL}})
    with pytest.raises(ValidationError, match="frozen"):
        config.region = "europe-west4"


def test_no_field_has_a_second_spelling():
    with pytest.raises(ValidationError, match="cost_center"):
        Pool.model_validate({"cost_center": "x"})
    faults = faults_of(with_value(a_stack(), "teams[0].cost_center", "x"))
    assert [observed(fault) for fault in faults] == ["mizan:teams[0].cost_center: unknown key"]


@pytest.mark.parametrize("path", REQUIRED)
def test_a_key_left_out_is_the_only_fault_and_is_named(path):
    faults = faults_of(with_value(a_stack_that_has(path), path, NOTHING))
    assert len(faults) == 1
    assert faults[0].startswith(f"mizan:{path}: nothing; needs a value because ")


@pytest.mark.parametrize("path", sorted(set(FIELDS) - set(REQUIRED) - NEEDED_BY_ANOTHER))
def test_an_optional_key_that_is_left_out_has_its_default(path):
    default = FIELDS[path].get_default(call_default_factory=True)
    written = TypeAdapter(Any).dump_python(default, mode="json", by_alias=True)
    assert taken_at(path, with_value(a_stack_that_has(path), path, NOTHING)) == written


@pytest.mark.parametrize(("path", "value"), PARTS.items())
def test_a_value_of_the_wrong_kind_is_the_only_fault_and_is_named(path, value):
    wrong, told = (["x"], '["x"]') if isinstance(value, dict) else ({"x": 1}, '{"x": 1}')
    if path in CONFIDENTIAL:
        told = "a list" if isinstance(value, dict) else "a mapping"
    faults = faults_of(with_value(a_stack_that_has(path), path, wrong))
    assert [observed(fault) for fault in faults] == [f"mizan:{path}: {told}"]


@pytest.mark.parametrize("path", PARTS)
def test_a_key_with_nothing_after_it_is_named_once_and_is_the_only_fault_where_no_other_key_needs_it(path):
    faults = [observed(fault) for fault in faults_of(with_value(a_stack_that_has(path), path, None))]
    assert faults.count(f"mizan:{path}: nothing") == 1
    assert len(faults) == 1 or path in NEEDED_BY_ANOTHER


@pytest.mark.parametrize("path", sorted(set(FIELDS) - set(REQUIRED) - NEEDED_BY_ANOTHER))
def test_an_optional_key_with_nothing_after_it_may_be_removed(path):
    (fault,) = faults_of(with_value(a_stack_that_has(path), path, None))
    assert "; needs a value because " in fault
    assert fault.endswith((", or remove the key.", "leave it out."))


@pytest.mark.parametrize("path", [path for path in TEXTS if "." not in path and "[" not in path])
def test_empty_text_at_the_top_is_a_key_with_nothing_after_it_as_pulumi_writes_it(path):
    (fault,) = faults_of(with_value(a_whole_stack(), path, ""))
    assert observed(fault) == f"mizan:{path}: nothing"


@pytest.mark.parametrize("path", TEXTS)
def test_a_number_is_no_text(path):
    assert observed(faults_of(with_value(a_stack_that_has(path), path, 123))[0]) == f"mizan:{path}: 123"


@pytest.mark.parametrize(
    "path", [path for path in TEXTS if ("." in path or "[" in path) and not path.startswith("labels.")]
)
def test_text_is_not_empty(path):
    assert f'mizan:{path}: ""' in [observed(f) for f in faults_of(with_value(a_stack_that_has(path), path, ""))]


@pytest.mark.parametrize("path", NUMBERS)
@pytest.mark.parametrize(("value", "told"), [("2", '"2"'), (True, "true"), (2.0, "2.0"), (2.5, "2.5")])
def test_only_a_whole_number_is_a_whole_number(path, value, told):
    faults = faults_of(with_value(a_stack_that_has(path), path, value))
    assert len(faults) == 1
    assert faults[0].startswith(f"mizan:{path}: {told}; needs a whole number because ")


@pytest.mark.parametrize("path", ["pools", "pools[0].capacity", "queues", "queues[0].quotas", "teams"])
def test_a_list_that_must_say_something_has_an_entry(path):
    fault = next(
        fault for fault in faults_of(with_value(a_stack(), path, [])) if observed(fault) == f"mizan:{path}: []"
    )
    assert "; needs at least 1 entry because " in fault


NAME = "text that matches ^[a-z]([-a-z0-9]*[a-z0-9])?$"
LABEL = "text that matches ^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
NAMES = ["pools[0].name", "queues[0].name", "teams[0].name", "jobs[0].name"]
LABELS = ["teams[0].costCenter", "teams[0].project"]

REFUSED = [
    *((path, value, NAME) for path in NAMES for value in ("A100", "1a", "-a", "a-", "a_b", "a.b", "a b", "a\n", "ä")),
    *((path, "a" * 49, "at most 48 characters") for path in NAMES),
    *((path, value, LABEL) for path in LABELS for value in ("-a", "a-", "a b", "a/b", "ä", "a\n")),
    *((path, "a" * 64, "at most 63 characters") for path in LABELS),
    *(("region", value, "text that matches ^[a-z]+(-[a-z0-9]+)+$") for value in ("us", "US-EAST-1", "us-", "123")),
    *(("jobs[0].checkpoint.dir", value, r"text that matches ^(s3|gs|az|https)://[^\s\x00-\x1f\x7f]+$")
      for value in ("/mnt/disk", "file:///x", "http://x", "s3://", "s3:// x", "s3://a\nb")),
    ("pools[0].capacity[0].maxNodes", 0, "at least 1"),
    ("pools[0].capacity[0].maxNodes", 1001, "at most 1000"),
    ("queues[0].quotas[0].gpus", -1, "at least 0"),
    ("queues[0].quotas[0].units", -1, "at least 0"),
    ("pools[0].capacity[0].minNodes", -1, "at least 0"),
    ("pools[0].capacity[0].minNodes", 1001, "at most 1000"),
    ("pools[0].sharing.mode", "half", "'none', 'mig', 'time-slicing', 'mps' or 'dra'"),
    ("pools[0].sharing.manager", "aws", "'operator' or 'gke'"),
    ("pools[0].sharing.profile", "1g.5gb.me", r"text that matches ^[1-7]g\.[0-9]+gb$"),
    ("pools[0].sharing.replicas", 1, "at least 2"),
    ("jobs[0].gpus", 0, "at least 1"),
    ("jobs[0].gpu.count", 0, "at least 1"),
    ("jobs[0].gpu.accepts", [], "at least 1 entry"),
    ("jobs[0].gpu.accepts[0]", "half", "'none', 'mig', 'time-slicing', 'mps' or 'dra'"),
    ("jobs[0].gpu.profile", "1g.5gb.me", r"text that matches ^[1-7]g\.[0-9]+gb$"),
    ("jobs[0].pods", 0, "at least 1"),
    ("jobs[0].pods", 1001, "at most 1000"),
    ("jobs[0].failOnExitCodes[0]", 0, "at least 1"),
    ("jobs[0].failOnExitCodes[0]", 256, "at most 255"),
    ("jobs[0].maxRunSeconds", 59, "at least 60"),
    ("jobs[0].restartPolicy", "Always", "'Never' or 'OnFailure'"),
    ("jobs[0].spotEligible", "yes", "true or false"),
    ("jobs[1].checkpoint.volume.sizeGib", 0, "at least 1"),
    ("queues[0].quotas[0].borrow", -1, "at least 0"),
    ("queues[0].quotas[0].lend", -1, "at least 0"),
    ("queues[0].weight", 0, "at least 1"),
    ("queues[0].fallback", "none", "'capacity' or 'quota'"),
    ("queues[0].whenCanBorrow", "Borrow", "'MayStopSearch' or 'TryNextFlavor'"),
    ("priorities[0].value", 1_000_000_001, "at most 1000000000"),
    ("priorities[0].value", -1_000_001, "at least -1000000"),
    ("addons.kueue.podsReady.timeoutSeconds", 9, "at least 10"),
    ("jobs[0].checkpoint.intervalSeconds", 0, "at least 1"),
    ("jobs[0].checkpoint.intervalSeconds", 86_401, "at most 86400"),
    ("jobs[0].simulatedRunSeconds", 0, "at least 1"),
    ("jobs[0].simulatedRunSeconds", 604_801, "at most 604800"),
    (
        "jobs[0].simulatedGpuProfile",
        "ramp:0",
        r"text that matches ^(busy|half|idle|(ramp|diurnal|leak)(:[1-9][0-9]{0,6})?)$",
    ),
    ("jobs[0].command[0]", "", "text that is not empty"),
    ("cluster.context", "", "text that is not empty"),
    ("cloud", "aws", "'local', 'existing', 'gke' or 'eks'"),
    ("pools[0].capacity[0].type", "reserved", "'spot', 'on-demand' or 'flex-start'"),
    ("queues[0].quotas[0].capacity", "Spot", "'spot', 'on-demand' or 'flex-start'"),
    ("addons.kueue.install", "yes", "'helm' or 'external'"),
    ("pools[0].order", "cheap", "'price' or 'listed'"),
    ("pools[0].meanUptimeHours", 0, "more than 0"),
    ("pools[0].meanUptimeHours", float("nan"), "a number"),
    ("pools[0].meanUptimeHours", float("inf"), "a number"),
    ("pools[0].diskGib", 9, "at least 10"),
    ("queues[0].workload.kind", "batch", "'job' or 'service'"),
    ("queues[0].workload.nodes", 0, "at least 1"),
    ("queues[0].workload.maxRunHours", 721, "at most 720"),
    ("spot.minSavingsPercent", 100, "at most 99"),
    ("spot.openBandPercent", 20, "at least 21"),
    ("expectedUse.hoursPerWeek", 169, "at most 168"),
    ("expectedUse.utilisationPercent", 101, "at most 100"),
    ("commitments[0].kind", "promise",
     "'reservation', 'committed-use', 'savings-plan', 'capacity-block' or 'dws-calendar'"),
    ("commitments[0].nodes", 0, "at least 1"),
    ("commitments[0].until", 20270630, "a day such as 2027-06-30"),
    ("commitments[0].until", "soon", "a day such as 2027-06-30"),
    ("commitments[1].usdPerHour", 0, "at least 0.0001"),
    ("commitments[1].usdPerHour", 0.00001, "at least 0.0001"),
    ("commitments[1].usdPerHour", 1_000_001, "at most 1000000"),
    ("commitments[1].usdPerHour", "9" * 5000, "at most 1000000"),
    ("commitments[1].usdPerHour", "nan", "a number"),
    ("commitments[1].usdPerHour", float("nan"), "a number"),
    ("commitments[1].usdPerHour", float("inf"), "a number"),
    ("commitments[1].usdPerHour", True, "a number"),
    ("commitments[1].usdPerHour", "much", "a number"),
    ("commitments[1].usdPerHour", "1.0000001", "at most 6 digits behind the point"),
    ("budget.usdPerMonth", -1, "at least 0.01"),
    ("budget.usdPerMonth", 0.001, "at least 0.01"),
    ("budget.usdPerMonth", 1_000_000_001, "at most 1000000000"),
    ("budget.usdPerMonth", "inf", "a number"),
    ("budget.usdPerMonth", float("nan"), "a number"),
    ("budget.on", "minimum", "'expected' or 'maximum'"),
    ("budget.advisoryPercent", 0, "at least 1"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "rule"), REFUSED)
def test_a_value_outside_a_field_s_limits_is_refused_with_the_limit(path, value, rule):
    faults = faults_of(with_value(a_stack_that_has(path), path, value))
    fault = next(fault for fault in faults if fault.startswith(f"mizan:{path}: "))
    assert f"; needs {rule} because " in fault


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("jobs[0].name", "a" * 48),
        ("jobs[0].name", "a"),
        ("teams[0].project", "a" * 63),
        ("teams[0].project", "2024-01-01"),
        ("teams[0].costCenter", "R.and_D-7"),
        ("pools[0].capacity[0].maxNodes", 1000),
        ("queues[0].quotas[0].gpus", 0),
        ("jobs[0].checkpoint.dir", "gs://bucket"),
        ("jobs[0].checkpoint.intervalSeconds", 86_400),
        ("jobs[0].simulatedRunSeconds", 604_800),
        ("jobs[0].simulatedGpuProfile", "leak:1"),
        ("jobs", []),
    ],
)
def test_a_value_at_a_field_s_limit_is_taken_as_it_is(path, value):
    assert taken_at(path, with_value(a_stack(), path, value)) == value
