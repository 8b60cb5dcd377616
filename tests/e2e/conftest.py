"""What the tests with the real engine share."""

import shutil
import sys
from pathlib import Path

import pytest

from local.language_host.launcher import install
from local.progress import Reporter
from local.toolchain import default_cache, ensure


@pytest.fixture(scope="session")
def pulumi_folder(tmp_path_factory):
    """A folder with the real pulumi and our language host beside it, where the engine looks for one."""
    folder = tmp_path_factory.mktemp("pulumi")
    pulumi = ensure(["pulumi"], cache=default_cache(), reporter=Reporter()).path("pulumi")
    try:
        (folder / "pulumi").hardlink_to(pulumi)
    except OSError:
        shutil.copy2(pulumi, folder / "pulumi")
    install(folder, Path(sys.executable))
    return folder
