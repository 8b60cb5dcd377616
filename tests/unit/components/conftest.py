"""Components run under Pulumi's mocks; assertions follow, outside any `apply`."""

from collections.abc import Callable

import pytest

from tests import mocks


@pytest.fixture
def deploy() -> Callable[[Callable[[], object]], list[mocks.Registered]]:
    return mocks.deploy
