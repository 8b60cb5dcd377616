"""The simulated exporter: what pods do and what is broken."""

import pytest
from gpu_metrics_builders import a_cluster, raw_node, raw_pod
from hypothesis import given
from hypothesis import strategies as st

from local.gpu_metrics.exporter import not_understood
from local.gpu_metrics.faults import Faults, faults_of, is_understood
from local.gpu_metrics.gpus import load_of
from local.gpu_metrics.objects import pod_of
from local.gpu_metrics.profiles import NOTHING, Load, Profile, behaviour
from tests import builders


def used(annotation, seconds):
    load = behaviour(annotation).load(seconds)
    return round(load.compute, 4), round(load.memory, 4)


def test_a_pod_that_says_nothing_is_busy():
    assert used(None, 5) == used("busy", 50_000) == (0.95, 0.85)


def test_half_and_idle_do_not_change_with_time():
    assert used("half", 0) == used("half", 9_999) == (0.5, 0.5)
    assert used("idle", 0) == used("idle", 9_999) == (0.0, 0.1)


def test_a_ramp_rises_to_the_top_and_stays():
    assert [used("ramp", at)[0] for at in (0, 900, 1_800, 90_000)] == [0.0, 0.475, 0.95, 0.95]
    assert used("ramp:60", 30)[0] == 0.475


def test_a_day_begins_and_ends_at_night():
    assert [used("diurnal", at)[0] for at in (0, 21_600, 43_200, 86_400)] == [0.05, 0.5, 0.95, 0.05]
    assert used("diurnal:600", 300)[0] == 0.95


def test_a_leak_takes_memory_until_there_is_none_left():
    assert [used("leak", at)[1] for at in (0, 1_800, 3_600, 99_999)] == [0.1, 0.55, 1.0, 1.0]
    assert used("leak:100", 50) == (0.6, 0.55)


@given(profile=st.sampled_from(list(Profile)), at=st.floats(-1e9, 1e12))
def test_no_profile_uses_less_than_nothing_or_more_than_there_is(profile, at):
    load = behaviour(profile.value).load(at)
    assert 0 <= load.compute <= 1
    assert 0 <= load.memory <= 1


@pytest.mark.parametrize("text", ["", "BUSY", "busy:5", "ramp:", "ramp:0", "ramp:-1", "ramp:1.5", "leak:²", "nap"])
def test_another_word_is_not_understood_and_counts_as_busy(text):
    assert behaviour(text) is None
    assert load_of(pod_of(raw_pod(profile=text or " ")), 1_790_000_001.0) == Load(compute=0.95, memory=0.85)


def test_a_pod_uses_nothing_before_its_start():
    assert load_of(pod_of(raw_pod(phase="Pending")), 1_790_000_060.0) == NOTHING


def test_a_fault_is_of_one_gpu_or_of_all():
    text = "xid=79@0 heat@1,ecc=3 remap@2 remap-failure@2 power@3"
    assert is_understood(text)
    assert faults_of(text, 0) == Faults(xid=79, ecc_errors=3)
    assert faults_of(text, 1) == Faults(is_hot=True, ecc_errors=3)
    assert faults_of(text, 2) == Faults(is_row_pending=True, has_remap_failed=True, ecc_errors=3)
    assert faults_of(text, 3) == Faults(is_capped=True, ecc_errors=3)
    assert faults_of(None, 0) == Faults()


@pytest.mark.parametrize("text", ["xid", "xid=0", "xid=-1", "heat=5", "fire", "heat@", "heat@x"])
def test_a_fault_that_nobody_knows_breaks_nothing(text):
    assert not is_understood(text)
    assert faults_of(text, 0) == Faults()


def test_what_is_not_understood_is_told_with_its_place():
    pods = [raw_pod(profile="nap"), raw_pod("other", profile="half")]
    nodes = [raw_node(faults="fire"), raw_node("node-b", faults="heat")]
    assert list(not_understood(a_cluster(nodes, pods))) == [
        "pod ml/train-0: mizan.dev/simulated-gpu-profile 'nap' counts as busy; see local/gpu_metrics",
        "node node-a: mizan.dev/simulated-gpu-faults 'fire' is left out as far as it is unknown; see local/gpu_metrics",
    ]


@pytest.mark.parametrize(
    "text", ["busy", "half", "idle", "ramp", "diurnal", "leak", "ramp:600", "diurnal:1", "leak:60"]
)
def test_what_a_stack_file_may_say_is_understood(text):
    (job,) = builders.a_plan(builders.a_stack(jobs=[builders.a_job(simulatedGpuProfile=text)])).jobs
    assert behaviour(job.simulated_gpu_profile) is not None


@pytest.mark.parametrize("text", ["nap", "busy:1", "ramp:0", "ramp:", "ramp:-1", "ramp:1.5"])
def test_what_would_not_be_understood_is_refused_in_a_stack_file(text):
    assert behaviour(text) is None
    (fault,) = builders.faults_of(builders.a_stack(jobs=[builders.a_job(simulatedGpuProfile=text)]))
    assert "Write `busy`, `half`, `idle`, `ramp`, `diurnal` or `leak`, such as `ramp:600`" in fault
