"""The most of some numbers that fits, found with few tries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.estimate.smaller import most_that_fits


@given(st.integers(-5, 200), st.integers(0, 100), st.integers(0, 100), st.integers(-(10**6), 10**6))
def test_it_is_the_last_that_fits_wherever_the_search_begins(border, start, length, near):
    tried = []

    def fits(number):
        tried.append(number)
        return number <= border

    candidates = range(start, start + length)
    assert most_that_fits(fits, candidates, near) == max((each for each in candidates if each <= border), default=None)
    assert len(tried) == len(set(tried)) <= 2 * length.bit_length() + 1
    assert set(tried) <= set(candidates)


@pytest.mark.parametrize("near", [41, 42, 43])
def test_beside_the_border_a_few_tries_are_enough(near):
    tried = []
    assert most_that_fits(lambda number: tried.append(number) or number <= 42, range(100), near) == 42
    assert len(tried) <= 4
