"""No part of the control plane needs root."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from local.control_plane import ControlPlane, kwok, processes
from local.control_plane.daemons import DAEMONS, KARPENTER, KUEUE, TOOLS
from local.home import PROJECT, Home
from local.progress import Reporter
from tests.control_plane.ordinary_user import NOBODY

pytestmark = pytest.mark.control_plane


def give(source, target):
    """Put a file of root's where an ordinary user can read it; a link where possible, since tools are large."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture
def folder(tools):
    """A folder with tools, CRDs and stages that anybody may read, and a home of the ordinary user's own."""
    # Not tmp_path, which lies below a folder that only root may enter.
    folder = Path(tempfile.mkdtemp(prefix="mizan-ordinary-user-"))
    try:
        folder.chmod(0o755)
        for name in TOOLS:
            give(tools.path(name), folder / "bin" / name)
        for tool in (KUEUE.tool, KARPENTER.tool):
            shutil.copytree(tools.crds(tool), folder / "crds" / tool)
        for stage in kwok.STAGES:
            give(stage, folder / "stages" / stage.name)
        (folder / "home").mkdir()
        os.chown(folder / "home", NOBODY, NOBODY)
        yield folder
    finally:
        ControlPlane(Home(folder / "home"), None, Reporter()).stop()
        shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test proves it: this user is an ordinary one")
def test_a_control_plane_of_an_ordinary_user_is_ready_and_leaves_nothing(folder):
    script = Path(__file__).with_name("ordinary_user.py")
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "HOME": str(folder / "home")}
    done = subprocess.run(
        [sys.executable, script, folder], env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "user": NOBODY,
        "running": {name: ["running", NOBODY] for name in DAEMONS},
        "stopped": dict.fromkeys(DAEMONS, "stopped"),
    }
    assert processes.orphans(Home(folder / "home"), DAEMONS) == []
