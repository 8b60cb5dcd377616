"""What the parts of a GPU cost."""

from decimal import Decimal

import pytest

from mizan.plan.part_prices import priced_parts, unit_price
from tests.builders import a_plan
from tests.sharing_stacks import LAYOUT, MPS, PROFILE, TURNS, a_sharing_stack


def first_offer(sharing):
    return a_plan(a_sharing_stack("local", sharing)).offers[0]


@pytest.mark.parametrize("sharing", [{"mode": "none"}, PROFILE, LAYOUT, TURNS, MPS])
def test_the_parts_of_all_gpus_of_a_node_cost_what_the_node_does(sharing):
    offer = first_offer(sharing)
    of_a_gpu = sum((part.usd_per_hour * part.per_gpu for part in priced_parts(offer)), Decimal(0))
    assert (of_a_gpu * offer.machine.gpus).quantize(Decimal("1e-18")) == offer.price.usd_per_hour


def test_a_quarter_of_one_of_four_gpus_costs_a_sixteenth_of_the_node():
    offer = first_offer(TURNS)
    (part,) = offer.sharing.parts
    assert offer.machine.gpus == 4
    assert unit_price(offer, part) == offer.price.usd_per_hour / 16
    (priced,) = priced_parts(offer)
    assert (priced.name, priced.resource, priced.per_gpu) == ("1/4", "nvidia.com/gpu.shared", 4)
