"""One resource of every kind, made and deleted over the protocol: the data of all kinds hold together."""

import pytest
from rehearsal_peer import STACK, served
from rehearsal_stacks import STACKS, make_all

from local.rehearsal.check import misfits
from local.rehearsal.kinds import KINDS
from local.rehearsal.schema import Sdk
from local.rehearsal.store import Condition, Store, leftovers, state_folder

PACKAGES = sorted(STACKS)


@pytest.fixture(scope="module", params=PACKAGES)
def package(request):
    return request.param


@pytest.fixture(scope="module")
def stack(package, tmp_path_factory):
    """A stack with everything in it: its client, its folder and what was made."""
    home = tmp_path_factory.mktemp(package)
    with served(package, home) as client:
        client.configure()
        yield client, state_folder(home, STACK), make_all(client, STACKS[package])


def test_the_stack_has_one_of_every_kind_there_is(stack, package):
    _, _, made = stack
    kinds = {kind for kind in KINDS if kind.startswith(f"{package}:")}
    assert {kind for kind, _, _ in made.values()} == kinds


def test_outputs_have_the_types_that_the_sdk_promises_and_none_is_left_out(stack, package):
    _, _, made = stack
    sdk = Sdk(package)
    for kind, _, outputs in made.values():
        declared = sdk.resource(kind).outputs
        # A nested object has only what the rehearsal is about.
        wrong = [fault for fault in misfits(sdk, declared, outputs) if len(fault.path) == 1 or fault.seen != "missing"]
        assert wrong == [], kind


def test_every_output_that_a_preview_leaves_open_is_known_after_the_update(stack):
    client, _, made = stack
    for name, (kind, _, outputs) in made.items():
        planned = client.preview(kind, name, {})
        assert planned.keys() <= outputs.keys(), kind


def test_nothing_that_was_made_differs_from_itself(stack, package):
    client, folder, _ = stack
    for record in Store(folder, package).records():
        checked, reasons = client.check(record.type, record.name, record.inputs, record.inputs)
        assert reasons == []
        assert client.diff(record.type, record.inputs, checked).replaces == []
        assert client.diff(record.type, record.inputs, checked).detailedDiff == {}


def test_everything_can_be_deleted_the_other_way_round_and_nothing_is_left(package, tmp_path):
    with served(package, tmp_path) as client:
        client.configure()
        made = make_all(client, STACKS[package])
        folder = state_folder(tmp_path, STACK)
        assert len(leftovers(folder)) == len(made)
        for name, (kind, identity, _) in reversed(made.items()):
            client.delete(kind, name, identity)
        assert leftovers(folder) == []
        kept = {record.type: record.condition for record in Store(folder, package).records()}
        assert kept == {kind: Condition.KEPT for kind, data in KINDS.items() if data.stays and kind[:3] == package}
