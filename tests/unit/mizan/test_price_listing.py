"""Which prices count, which are asked for, and what they save."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.prices import Basis
from mizan.prices.listing import Choice, chosen, counting, is_saving_derived, saving
from tests.price_rows import a_book, a_price, a_spot_price


def test_of_two_prices_of_one_offer_and_zone_the_first_counts():
    own, zonal = a_price("10"), a_spot_price("3", zone="us-central1-a")
    theirs = a_book(a_price("14.69"), a_spot_price("7.71"), a_spot_price("4", zone="us-central1-a"))
    rows = counting(a_book(own, zonal).before(theirs))
    assert rows == (own, zonal, a_spot_price("7.71"))


def test_a_choice_keeps_what_fits_all_of_it_sorted_by_region_and_machine():
    far = a_price(region="europe-west4")
    other_gpu = a_price(machine="g2-standard-4")
    other_cloud = a_price(provider="aws", region="us-east-1", machine="p4d.24xlarge")
    rows = [a_spot_price(zone="us-central1-a"), a_spot_price(), other_cloud, a_price(), other_gpu, far]
    names = {id(row): index for index, row in enumerate(rows)}

    def kept(**choice):
        return [names[id(row)] for row in chosen(rows, machines(), Choice(**choice))]

    assert kept() == [5, 3, 1, 0, 4, 2]
    assert kept(region="us-central1") == [3, 1, 0, 4]
    assert kept(provider="aws") == [2]
    assert kept(gpu="a100-40gb") == [5, 3, 1, 0, 2]
    assert kept(gpu="a100-40gb", capacity_type=CapacityType.SPOT) == [1, 0]


def test_a_saving_is_the_share_of_the_on_demand_price_of_the_region():
    book = a_book(a_price("10"), a_spot_price("4"))
    assert saving(a_spot_price("4"), book) == Decimal("0.6")
    assert saving(a_spot_price("2.5", zone="us-central1-a"), book) == Decimal("0.75")
    assert saving(a_price("10"), book) is None
    assert saving(a_spot_price("4", region="europe-west4"), book) is None


@pytest.mark.parametrize(
    ("spot", "on_demand", "derived"),
    [
        (Basis.LISTED, Basis.LISTED, False),
        (Basis.DERIVED, Basis.LISTED, True),
        (Basis.LISTED, Basis.DERIVED, True),
    ],
)
def test_a_saving_is_derived_where_one_of_its_two_prices_is(spot, on_demand, derived):
    row, other = a_spot_price("4", basis=spot), a_price("10", basis=on_demand)
    assert is_saving_derived(row, a_book(other, row)) is derived
    assert not is_saving_derived(other, a_book(other, row))
    assert not is_saving_derived(row, a_book(row))


@given(st.decimals("0.01", "500", places=4), st.decimals("0.01", "500", places=4), st.decimals("0.1", "10", places=2))
def test_a_saving_stays_when_all_prices_scale(spot, on_demand, factor):
    def share(scale):
        row = a_spot_price(str(spot * scale))
        return saving(row, a_book(a_price(str(on_demand * scale)), row))

    assert abs(share(Decimal(1)) - share(factor)) < Decimal("1e-20")
