"""A book of prices: which rows count, zone by zone, and in time however many there are."""

import time

from mizan.capacity import CapacityType
from tests.price_rows import a_book, a_price, a_spot_price

SPOT = CapacityType.SPOT
OFFER = ("us-central1", "a2-highgpu-4g", SPOT)


def test_zones_stand_in_the_order_of_their_rows_and_whole_regions_apart():
    rows = [a_spot_price("3", zone="b"), a_spot_price("7"), a_spot_price("2", zone="a"), a_price()]
    book = a_book(*rows)
    assert book.zones(*OFFER) == (rows[0], rows[2])
    assert book.price(*OFFER) is rows[1]
    assert book.zones("us-central1", "a2-highgpu-4g", CapacityType.ON_DEMAND) == ()


def test_of_two_rows_of_a_region_the_first_counts():
    own, theirs = a_spot_price("6"), a_spot_price("7")
    assert a_book(own).before(a_book(theirs)).price(*OFFER) is own


def test_a_hundred_thousand_zones_are_found_in_less_than_a_second():
    """Each zone once: joining tuples one by one would take half a minute."""
    row = a_spot_price(zone="a")
    book = a_book(*[row] * 100_000)
    began = time.process_time()
    assert len(book.zones(*OFFER)) == 100_000
    assert time.process_time() - began < 1
