"""Faults as a person writes them, and what they strike."""

import json

import pytest

from local.rehearsal import faults
from local.rehearsal.faults import Fault, Leaves, parse
from mizan.errors import PlatformError

POOL = "gcp:container/nodePool:NodePool"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            f"create:{POOL}:gpu-spot=RESOURCE_EXHAUSTED",
            Fault(operation="create", target=f"{POOL}:gpu-spot", code="RESOURCE_EXHAUSTED"),
        ),
        (
            f"create:{POOL}:gpu-spot=GCE_STOCKOUT",
            Fault(operation="create", target=f"{POOL}:gpu-spot", code="GCE_STOCKOUT", leaves=Leaves.HALF),
        ),
        (
            "create:*=GCE_STOCKOUT:nothing",
            Fault(operation="create", target="*", code="GCE_STOCKOUT", leaves=Leaves.NOTHING),
        ),
        ("create:*=TIMEOUT:half", Fault(operation="create", target="*", code="TIMEOUT", leaves=Leaves.HALF)),
        ("delete:*=slow:1.5", Fault(operation="delete", target="*", seconds=1.5)),
        ("update:aws:*=throttled:3", Fault(operation="update", target="aws:*", times=3)),
        ("configure:gcp=UNAUTHENTICATED", Fault(operation="configure", target="gcp", code="UNAUTHENTICATED")),
    ],
)
def test_a_fault_is_read_from_its_text(text, fault):
    assert parse(text) == fault


@pytest.mark.parametrize(
    "text",
    ["", "create", "destroy:x=Y", f"create:{POOL}:a", "create:x=slow", "create:x=slow:soon", "create:x=CODE:most"],
)
def test_another_form_is_refused_with_an_example(text):
    with pytest.raises(PlatformError, match="of another form; needs OPERATION:TYPE:NAME=EFFECT") as error:
        parse(text)
    assert "create:gcp:container/nodePool:NodePool:gpu-spot=RESOURCE_EXHAUSTED" in str(error.value)


def test_a_fault_strikes_its_operation_type_and_name_alone():
    fault = parse(f"create:{POOL}:gpu-*=X")
    assert fault.strikes("create", f"{POOL}:gpu-spot")
    assert not fault.strikes("update", f"{POOL}:gpu-spot")
    assert not fault.strikes("create", f"{POOL}:system")
    assert not fault.strikes("create", "gcp:container/cluster:Cluster:gpu-spot")


def test_faults_come_from_the_folder_and_from_the_environment(tmp_path):
    assert faults.told(tmp_path, {}) == []
    faults.write(tmp_path, ["create:*=A"])
    told = faults.told(tmp_path, {faults.VARIABLE: "delete:*=B  read:*=slow:1"})
    assert [fault.code or fault.seconds for fault in told] == ["A", "B", 1.0]


def test_a_list_with_a_fault_of_another_form_is_not_written(tmp_path):
    faults.write(tmp_path, ["create:*=A"])
    with pytest.raises(PlatformError, match="fault 'nonsense': of another form"):
        faults.write(tmp_path, ["create:*=B", "nonsense"])
    assert json.loads((tmp_path / faults.FILE).read_text()) == ["create:*=A"]
