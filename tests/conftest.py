"""What every tier shares: its marker, the same examples in every run, and golden files."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent

# A busy machine is no failure, and a failure is one for everybody.
settings.register_profile("mizan", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("mizan")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write what golden tests got; then read git diff")


# First, because -m chooses in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with its tier, the folder it lies in; --strict-markers refuses a folder that is no tier."""
    for item in items:
        item.add_marker(item.path.relative_to(TESTS).parts[0])


@pytest.fixture
def matches_golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare text with tests/golden/<name>, or write it there with --rewrite-golden."""

    def compare(name: str, text: str) -> None:
        path = TESTS / "golden" / name
        if request.config.getoption("--rewrite-golden"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), "if the change is meant: pytest tests/golden --rewrite-golden"

    return compare
