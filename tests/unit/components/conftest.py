"""Components run under Pulumi's mocks; assertions follow, outside any `apply`."""

from collections.abc import Callable

import pytest

from tests import mocks


@pytest.fixture
def deploy() -> Callable[[Callable[[], object]], list[mocks.Registered]]:
    return mocks.deploy


@pytest.fixture(autouse=True)
def _nobody_leaves(monkeypatch):
    """There is no cluster to ask under mocks; test_team.py asks one."""
    monkeypatch.setattr("components.site.refuse_departures", lambda *_: None)
