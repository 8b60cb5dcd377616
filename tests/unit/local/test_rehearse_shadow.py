"""A shadow that fails: its first error is kept for whoever waits for nodes."""

import pytest

from local.home import Home
from local.rehearse.shadow import Shadow
from mizan.errors import PlatformError
from tests.gke_stacks import a_gke_plan

FAULT = PlatformError("kueue", "ended", needs="to stay up", because="queues need it", fix="See its log")


class FailingPlane:
    """A control plane that hands out no client; it fails in another way each time."""

    def __init__(self, home, *errors):
        self.home, self._errors = Home(home), list(errors)

    def client(self):
        raise self._errors.pop(0) if len(self._errors) > 1 else self._errors[0]


class Told:
    def __init__(self):
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


@pytest.fixture
def shadow_of(tmp_path, monkeypatch):
    monkeypatch.setattr("local.rehearse.shadow.EVERY_SECONDS", 0.001)

    def make(*errors):
        reporter = Told()
        return Shadow(FailingPlane(tmp_path, *errors), a_gke_plan(), tmp_path / "state", reporter), reporter

    return make


def ended(shadow):
    """Whether the shadow gives up within five seconds."""
    shadow._thread.join(5.0)
    return not shadow._thread.is_alive()


def run(shadow, error=None):
    with shadow:
        assert ended(shadow)
        if error is not None:
            raise error


def test_what_ends_a_shadow_is_raised_at_its_end(shadow_of):
    shadow, _ = shadow_of(FAULT)
    with pytest.raises(PlatformError) as raised:
        run(shadow)
    assert raised.value is FAULT


def ask(shadow):
    with shadow:
        assert ended(shadow)
        shadow.check()
        pytest.fail("nothing was raised")


def test_whoever_waits_can_ask_before(shadow_of):
    shadow, reporter = shadow_of(FAULT)
    shadow.check()
    with pytest.raises(PlatformError) as raised:
        ask(shadow)
    assert (raised.value, reporter.warnings) == (FAULT, [])


def test_it_is_told_beside_another_failure_and_never_in_its_place(shadow_of):
    shadow, reporter = shadow_of(FAULT)
    with pytest.raises(ValueError, match="the update failed"):
        run(shadow, ValueError("the update failed"))
    assert reporter.warnings == [f"Before that, nodes were no longer simulated. {FAULT}"]


def test_an_error_that_passes_is_none(shadow_of):
    shadow, _ = shadow_of(OSError("connection reset"), OSError("connection reset"), FAULT)
    with pytest.raises(PlatformError) as raised:
        run(shadow)
    assert raised.value is FAULT


def test_an_error_that_stays_is_raised_as_it_is(shadow_of, monkeypatch):
    monkeypatch.setattr("local.rehearse.shadow.PATIENCE_SECONDS", 0.01)
    shadow, _ = shadow_of(KeyError("nodeConfig"))
    with pytest.raises(KeyError, match="nodeConfig"):
        run(shadow)
