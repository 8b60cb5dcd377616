"""Texts made of names, seeds, zones and made-up names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.rehearsal.kinds import KINDS, AutoName, Kind
from local.rehearsal.naming import TooLong, is_deleted_first, named
from local.rehearsal.templates import rendered, seed_of
from local.rehearsal.values import DEFAULTS
from local.rehearsal.zones import is_zone, region_of, zone_id_of_aws, zones_of_aws, zones_of_gcp

SEED = seed_of("urn#0")


def test_names_are_replaced_and_a_single_one_keeps_its_type():
    names = {"a": "x", "n": 3, "path": "projects/p/clusters/main"}
    assert rendered("{a}-{n}", names) == "x-3"
    assert rendered("{n}", names) == 3
    assert rendered("{path:last}", names) == "main"
    assert rendered({"b": ["{a}"], "c": True}, names) == {"b": ["x"], "c": True}
    assert rendered(lambda known: known["n"] + 1, names) == 4


def test_what_names_nothing_gives_nothing():
    assert rendered("{a}-{missing}", {"a": "x"}) is None
    assert rendered({"b": "{missing}", "c": "d"}, {}) == {"c": "d"}
    assert rendered(["{missing}", "e"], {}) == ["e"]


@pytest.mark.parametrize(
    ("spec", "pattern"),
    [
        ("hex17", "[0-9a-f]{17}"),
        ("HEX32", "[0-9A-F]{32}"),
        ("digits21", "[0-9]{21}"),
        ("uuid", "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    ],
)
def test_a_seed_is_written_in_many_ways(spec, pattern):
    assert re.fullmatch(pattern, rendered(f"{{seed:{spec}}}", {"seed": SEED}))


@given(st.text())
def test_the_same_seed_always_follows_and_makes_a_byte_of_an_address(text):
    assert seed_of(text) == seed_of(text)
    assert 1 <= int(rendered("{seed:byte}", {"seed": seed_of(text)})) <= 254


def test_another_way_to_write_a_seed_is_an_error():
    with pytest.raises(ValueError, match="no way to write a seed: hex"):
        rendered("{seed:hex}", {"seed": SEED})


def test_zones_and_regions():
    assert zones_of_gcp("us-central1") == ("us-central1-a", "us-central1-b", "us-central1-c", "us-central1-f")
    assert zones_of_gcp("europe-west4") == ("europe-west4-a", "europe-west4-b", "europe-west4-c")
    assert is_zone("us-central1-a")
    assert not is_zone("us-central1")
    assert region_of("us-central1-a") == region_of("us-central1") == "us-central1"
    assert zones_of_aws("us-east-1") == ("us-east-1a", "us-east-1b", "us-east-1c")


@pytest.mark.parametrize(
    ("zone", "identity"),
    [
        ("us-east-1a", "use1-az1"),
        ("us-west-2c", "usw2-az3"),
        ("ap-northeast-1b", "apne1-az2"),
        ("ap-southeast-2a", "apse2-az1"),
        ("eu-central-1a", "euc1-az1"),
    ],
)
def test_a_zone_of_aws_has_an_id(zone, identity):
    assert zone_id_of_aws(zone) == identity


def a_kind(**changes):
    values = {"type": "x:y:Z", "source": "", "identity": "", "replaces": frozenset(), "named": AutoName(longest=20)}
    return Kind(**(values | changes))


def test_a_name_is_made_up_once_and_stays():
    first = named(a_kind(), "net", {}, {"mtu": 1}, b"seed")
    assert re.fullmatch("net-[0-9a-f]{7}", first["name"])
    assert first[DEFAULTS] == ["name"]
    assert named(a_kind(), "net", first, {"mtu": 2}, b"another") == {**first, "mtu": 2}


def test_the_update_makes_up_the_name_that_its_preview_showed():
    assert named(a_kind(), "net", {}, {}, b"seed") == named(a_kind(), "net", {}, {}, b"seed")
    assert named(a_kind(), "net", {}, {}, b"seed") != named(a_kind(), "net", {}, {}, b"other")


def test_a_name_that_the_program_gives_or_begins_is_its_own():
    assert named(a_kind(), "net", {}, {"name": "mine"}, b"") == {"name": "mine", DEFAULTS: []}
    assert named(a_kind(), "net", {}, {"namePrefix": "mine-"}, b"") == {"namePrefix": "mine-", DEFAULTS: []}
    assert named(a_kind(named=None), "net", {}, {}, b"") == {DEFAULTS: []}


def test_a_name_that_the_program_no_longer_gives_is_made_up():
    made = named(a_kind(), "net", {"name": "mine", DEFAULTS: []}, {}, b"seed")
    assert made["name"].startswith("net-")


def test_capitals_and_prefixes_are_as_the_cloud_wants_them():
    lower = a_kind(named=AutoName(longest=20, is_lower=True))
    assert named(lower, "Net", {}, {}, b"s")["name"].startswith("net-")
    alias = KINDS["aws:kms/alias:Alias"]
    assert named(alias, "secrets", {}, {}, b"s")["name"].startswith("alias/secrets-")


def test_a_name_longer_than_the_cloud_allows_is_refused():
    with pytest.raises(TooLong, match=r"name: a{13}-[0-9a-f]{7} has 21 characters; needs 20 at most"):
        named(a_kind(), "a" * 13, {}, {}, b"s")


def test_a_replacement_waits_for_the_old_one_where_both_would_have_one_name():
    assert is_deleted_first(a_kind(), {"name": "mine", DEFAULTS: []})
    assert not is_deleted_first(a_kind(), {"name": "net-1234567", DEFAULTS: ["name"]})
    assert not is_deleted_first(a_kind(named=None), {DEFAULTS: []})
    assert is_deleted_first(a_kind(named=None, is_deleted_first=True), {DEFAULTS: []})
