"""What differs between old and new inputs, and which of it forces a replacement."""

from hypothesis import given
from hypothesis import strategies as st

from local.rehearsal.changes import Act, Change, changes, forces_replacement
from local.rehearsal.kinds import KINDS
from local.rehearsal.values import UNKNOWN, at, dotted, from_wire, merged, to_wire

WORDS = st.text(alphabet="abcdef.", min_size=1, max_size=5)
VALUES = st.recursive(
    st.booleans() | st.integers(-9, 9) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)
INPUTS = st.dictionaries(WORDS, VALUES, max_size=4)


@given(INPUTS)
def test_nothing_differs_from_itself_also_after_the_wire(inputs):
    assert list(changes(inputs, inputs)) == []
    assert from_wire(to_wire(inputs)) == inputs


@given(INPUTS, INPUTS)
def test_what_is_added_one_way_is_deleted_the_other_way(old, new):
    opposite = {Act.ADD: Act.DELETE, Act.DELETE: Act.ADD, Act.UPDATE: Act.UPDATE}
    there = {(change.path, change.act) for change in changes(old, new)}
    back = {(change.path, opposite[change.act]) for change in changes(new, old)}
    assert there == back
    assert bool(there) == (old != new)


def test_a_change_is_told_as_deep_as_it_can_be():
    old = {"a": {"b": [1, 2], "c": "x"}, "gone": {"d": 1}}
    new = {"a": {"b": [1, 3, 4], "c": UNKNOWN}, "come": [{"e": 1}]}
    assert [(dotted(change.path), change.act) for change in changes(old, new)] == [
        ("a.b[1]", Act.UPDATE),
        ("a.b[2]", Act.ADD),
        ("a.c", Act.UPDATE),
        ("gone.d", Act.DELETE),
        ("come[0].e", Act.ADD),
    ]


def test_a_list_of_another_length_is_one_change_per_member():
    assert [dotted(change.path) for change in changes({"a": []}, {"a": ["x", "y"]})] == ["a[0]", "a[1]"]
    assert [dotted(change.path) for change in changes({}, {"a": [], "b": {}})] == ["a", "b"]


def test_a_replacing_property_counts_itself_and_whatever_is_inside():
    replacing = frozenset({"nodeConfig.guestAccelerators", "location"})
    inside = Change(path=("nodeConfig", "guestAccelerators", 0, "count"), act=Act.UPDATE)
    beside = Change(path=("nodeConfig", "guestAcceleratorsOther"), act=Act.UPDATE)
    above = Change(path=("nodeConfig",), act=Act.UPDATE)
    assert forces_replacement(inside, replacing)
    assert forces_replacement(Change(path=("location",), act=Act.ADD), replacing)
    assert not forces_replacement(beside, replacing)
    assert not forces_replacement(above, replacing)


def test_a_node_pool_is_replaced_for_spot_and_changed_in_place_for_its_machine():
    replacing = KINDS["gcp:container/nodePool:NodePool"].replaces
    old = {"nodeConfig": {"machineType": "a2-highgpu-1g", "labels": {"a": "b"}}, "nodeCount": 1}
    new = {"nodeConfig": {"machineType": "a2-highgpu-2g", "labels": {}, "spot": True}, "nodeCount": 2}
    forcing = {dotted(change.path): forces_replacement(change, replacing) for change in changes(old, new)}
    assert forcing == {
        "nodeConfig.machineType": False,
        "nodeConfig.labels.a": False,
        "nodeConfig.spot": True,
        "nodeCount": False,
    }


def test_paths_are_written_as_pulumi_writes_them():
    assert dotted(("tags", "kubernetes.io/role", 0)) == 'tags["kubernetes.io/role"][0]'
    assert dotted(('a"b',)) == '["a\\"b"]'


def test_values_are_found_through_lists():
    values = {"rules": [{"keys": ["a", "b"]}, {"keys": ["c"]}, {}]}
    assert list(at(values, "rules.keys")) == ["a", "b", "c"]
    assert list(at(values, "rules.other")) == []


def test_both_are_kept_where_objects_meet_and_the_second_counts():
    assert merged({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"c": 3}, "d": [2]}) == {"a": {"b": 1, "c": 3}, "d": [2]}
