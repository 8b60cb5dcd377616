"""Whole numbers that no message can hold: refused once, wherever they stand, before anything is reckoned with them."""

import pytest

from tests.builders import a_config, a_job, a_pool, a_queue, a_stack, an_existing_stack, faults_of
from tests.sharing_stacks import PROFILE

# Python writes at most 4300 digits.
HUGE = 16**6000
KUEUE = {"kueue": {"install": "helm"}}


def with_pool(**changes):
    return a_stack(pools=[a_pool(**changes)])


@pytest.mark.parametrize(
    ("path", "stack"),
    [
        ("pools[0].sharing.layout.1g.5gb", with_pool(sharing={"mode": "mig", "layout": {"1g.5gb": HUGE}})),
        ("pools[0].sharing.replicas", with_pool(sharing={"mode": "time-slicing", "replicas": HUGE})),
        ("pools[0].capacity[0].minNodes", with_pool(capacity=[{"type": "spot", "maxNodes": 1, "minNodes": HUGE}])),
        ("pools[0].capacity[0].maxNodes", with_pool(capacity=[{"type": "spot", "maxNodes": -HUGE}])),
        ("pools[0].meanUptimeHours", with_pool(meanUptimeHours=HUGE)),
        (
            "queues[0].quotas[0].units",
            with_pool(sharing=PROFILE) | {"queues": [a_queue(quotas=[{"pool": "a100", "units": HUGE}])]},
        ),
        (
            "queues[0].quotas[0].lend",
            a_stack(queues=[a_queue(quotas=[{"pool": "a100", "gpus": 4, "lend": HUGE}], cohort="all")]),
        ),
        ("jobs[0].gpus", a_stack(jobs=[a_job(gpus=HUGE)])),
        ("region", a_stack(region=HUGE)),
        ("budget.usdPerMonth", a_stack(budget={"usdPerMonth": HUGE})),
    ],
)
def test_a_number_of_thousands_of_digits_is_refused_alone_and_in_a_sentence(path, stack):
    (told,) = faults_of(stack)
    assert told.startswith(f"mizan:{path}: ")
    assert told.endswith(
        "...; needs at most 18 digits because nothing that a stack counts or names is as long. Write the number that "
        "is meant."
    )
    assert len(told) < 300


def test_several_are_told_in_the_order_of_the_stack():
    stack = a_stack(region=HUGE, jobs=[a_job(gpus=HUGE, pods=HUGE)])
    places = [told.partition(": ")[0] for told in faults_of(stack)]
    assert places[0] == "mizan:region"
    assert sorted(places[1:]) == ["mizan:jobs[0].gpus", "mizan:jobs[0].pods"]


@pytest.mark.parametrize(("number", "is_refused"), [(10**18 - 1, False), (1 - 10**18, False), (10**18, True)])
def test_eighteen_digits_are_left_to_each_field(number, is_refused):
    told = faults_of(a_stack(jobs=[a_job(gpus=number)]))
    assert any("needs at most 18 digits" in text for text in told) == is_refused


@pytest.mark.parametrize(
    "version", [f"v{'9' * 5000}.1.0", "v99999.1.0", "v26.7.00", "v026.7.0", "v26.7.0\n", "v26.7.0.0", "26.7.0"]
)
def test_a_version_of_the_operator_is_three_numbers_as_nvidia_writes_them(version):
    (told,) = faults_of(an_existing_stack(addons=KUEUE | {"gpuOperator": {"version": version}}))
    assert told.startswith("mizan:addons.gpuOperator.version: ")
    assert "; needs text that matches ^v" in told


@pytest.mark.parametrize("version", [f"{'9' * 5000}.1.0", "580.12345", "580"])
def test_a_driver_s_version_has_numbers_of_at_most_four_digits(version):
    (told,) = faults_of(an_existing_stack(addons=KUEUE | {"gpuOperator": {"driver": {"version": version}}}))
    assert told.startswith("mizan:addons.gpuOperator.driver.version: ")
    assert "; needs text that matches ^[0-9]{1,4}" in told


def test_leading_zeros_in_a_driver_s_version_are_nvidia_s_own():
    driver = {"version": "535.54.03"}
    config = a_config(an_existing_stack(addons=KUEUE | {"gpuOperator": {"driver": driver}}))
    assert config.addons.gpu_operator.driver.version == "535.54.03"
