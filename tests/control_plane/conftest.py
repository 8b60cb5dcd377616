"""One control plane for the whole session, in a home of its own; a user's platform is never touched."""

import itertools
import re
import time
from contextlib import ExitStack

import pytest
from lightkube.resources.core_v1 import Namespace

from local import toolchain
from local.control_plane import ControlPlane, State
from local.control_plane.daemons import TOOLS
from local.home import Home
from local.progress import Reporter
from tests.builders import a_plan, a_stack
from tests.control_plane.cluster_builders import INSTANCE_TYPES, RecordingReporter
from tests.control_plane.cluster_report import cluster_report
from tests.control_plane.queue_builders import QueuedStack
from tests.cost_rules import Rules

_numbers = itertools.count(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed and call.when != "teardown" and (client := item.funcargs.get("client")):
        report.sections.append(("Cluster at the failure", cluster_report(client)))
    return report


@pytest.fixture(scope="session")
def tools():
    return toolchain.ensure(TOOLS, cache=toolchain.default_cache(), reporter=Reporter())


@pytest.fixture(scope="session")
def promtool():
    return toolchain.ensure(["promtool"], cache=toolchain.default_cache(), reporter=Reporter()).path("promtool")


@pytest.fixture
def rules(promtool, tmp_path):
    """Recording rules, to be asked; they need no cluster."""
    return Rules(promtool, tmp_path)


@pytest.fixture
def make_plane(tools, tmp_path_factory):
    """Control planes that are ended with the test, whatever happens in it."""
    made = []

    def make(home=None, reporter=None, **settings):
        home = home or Home(tmp_path_factory.mktemp("plane") / "home")
        made.append(ControlPlane(home, tools, reporter or RecordingReporter(), **settings))
        return made[-1]

    yield make
    for plane in made:
        plane.stop()


@pytest.fixture(scope="session")
def session_plane(tools, tmp_path_factory):
    plane = ControlPlane(Home(tmp_path_factory.mktemp("session") / "home"), tools, RecordingReporter())
    try:
        plane.start(instance_types=INSTANCE_TYPES)
        yield plane
    finally:
        plane.stop()


@pytest.fixture(scope="session")
def second_home(tools, tmp_path_factory):
    """The home of a control plane whose Kueue has the settings that a test gives it, and is restarted for the next."""
    home = Home(tmp_path_factory.mktemp("second") / "home")
    yield home
    ControlPlane(home, tools, RecordingReporter()).stop()


@pytest.fixture
def plane(session_plane):
    """The session's control plane, with every process running."""
    if any(row.state is not State.RUNNING for row in session_plane.status()):
        session_plane.start()
    return session_plane


@pytest.fixture
def client(plane):
    with plane.client() as client:
        yield client


@pytest.fixture
def namespace(client, request):
    """A namespace of the test's own."""
    words = re.sub("[^a-z]+", "-", request.node.originalname.removeprefix("test_"))
    name = f"{words[:40].strip('-')}-{next(_numbers)}"
    client.create(Namespace.from_dict({"metadata": {"name": name}}))
    yield name
    client.delete(Namespace, name)


@pytest.fixture
def stack(client, eventually):
    """A stack's queues on the session's control plane, removed with the test."""
    stack = QueuedStack(client, f"team-{next(_numbers)}", eventually)
    yield stack
    stack.remove()


@pytest.fixture
def stack_with(tools, second_home, eventually):
    """Start the second control plane with the settings that a stack gives Kueue, and return that stack's queues."""
    with ExitStack() as ends:

        def start(*, instance_types=None, **kueue):
            addons = {"kueue": {"install": "external", **kueue}}
            settings = a_plan(a_stack(addons=addons)).kueue
            plane = ControlPlane(second_home, tools, RecordingReporter(), kueue_settings=settings)
            plane.start(instance_types=instance_types)
            client = ends.enter_context(plane.client())
            stack = QueuedStack(client, f"team-{next(_numbers)}", eventually, addons=addons)
            ends.callback(stack.remove)
            return stack

        yield start


@pytest.fixture(scope="session")
def eventually():
    """Wait for a condition, never for a time."""

    def wait(condition, *, seconds=30.0):
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            assert time.monotonic() < deadline, f"not within {seconds} s: {condition.__doc__ or condition.__name__}"
            time.sleep(0.1)
        return value

    return wait
