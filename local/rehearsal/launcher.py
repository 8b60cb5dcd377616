"""The executables that Pulumi's engine looks for in its plugin folder: `pulumi-resource-gcp`, `pulumi-resource-aws`."""

import shlex
from collections.abc import Iterable
from pathlib import Path

from local import files
from local.rehearsal.clouds import CLOUDS
from local.rehearsal.schema import Sdk

_MAIN = Path(__file__).resolve().with_name("__main__.py")


def install(pulumi_home: Path, python: Path, packages: Iterable[str] = CLOUDS) -> list[Path]:
    """Return the launchers, each in the folder that Pulumi has for the SDK's version of the real provider.

    Only for a PULUMI_HOME of our own: the engine would take a simulated provider for the real one.

    Args:
        pulumi_home: the folder that PULUMI_HOME names.
        python: the project's Python, with the SDKs installed.
        packages: `gcp`, `aws` or both.

    Raises:
        PlatformError: a launcher cannot be written, or an SDK is not installed.
    """
    return [_install(pulumi_home / "plugins", python, package) for package in packages]


def _install(plugins: Path, python: Path, package: str) -> Path:
    # A "#!" line ends at 127 characters on older Linux and knows no quotes; a shell's exec line has neither limit.
    # -I: the user's PYTHONPATH and folder are for the program, not for the provider.
    command = shlex.join([str(python.absolute()), "-I", str(_MAIN), package])
    launcher = plugins / f"resource-{package}-v{Sdk(package).version}" / f"pulumi-resource-{package}"
    files.write(launcher, f'#!/bin/sh\nexec {command} "$@"\n')
    launcher.chmod(0o700)
    return launcher
