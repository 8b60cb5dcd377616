"""Which Python runs a program, a policy pack or a plugin: read from `runtime.options` of its YAML file."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mizan.errors import PlatformError, SourceUnreachable

INVENTORY_TIMEOUT_SECONDS = 30
_INVENTORY = Path(__file__).with_name("inventory.py")
_SEE = "docs/adr/0003-language-host.md"


@dataclass(frozen=True)
class Interpreter:
    """One Python to run code with; `virtualenv` is None for the one on PATH."""

    executable: Path
    virtualenv: Path | None

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return `base` as it is after `activate`: the virtualenv's commands come first on PATH."""
        environment = dict(base)
        if self.virtualenv is not None:
            environment["VIRTUAL_ENV"] = str(self.virtualenv)
            environment["PATH"] = os.pathsep.join(filter(None, [str(self.virtualenv / "bin"), base.get("PATH")]))
            environment.pop("PYTHONHOME", None)
        return environment

    def inventory(self) -> dict[str, Any]:
        """Return `{executable, version, distributions: [{name, version, requires}]}` as that Python sees itself.

        Raises:
            SourceUnreachable: that Python does not start or does not answer in time.
        """
        command = [str(self.executable), "-I", str(_INVENTORY)]
        try:
            done = subprocess.run(command, capture_output=True, check=True, timeout=INVENTORY_TIMEOUT_SECONDS)
            found: dict[str, Any] = json.loads(done.stdout)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            raise SourceUnreachable(
                str(self.executable),
                f"could not list its packages ({error})",
                needs="a Python that starts",
                because="its packages are what the program depends on",
                fix=f"Run `{shlex.join(command)}` to see why",
            ) from error
        return found


def find(options: Mapping[str, object], root: Path, *, file: str, default_virtualenv: str = "") -> Interpreter:
    """Return the Python that `options` (`runtime.options`) name; a relative virtualenv is relative to `root`.

    Args:
        options: what stands under `runtime.options`.
        root: the folder of the YAML file.
        file: the name of the YAML file, for messages.
        default_virtualenv: taken when `options` name none; empty for the Python on PATH.

    Raises:
        PlatformError: an option this host cannot honour, or no Python there.
    """
    where = f"{root / file}: runtime.options"
    _refuse_what_needs_the_original_host(options, where)
    wanted = options.get("virtualenv", default_virtualenv)
    if not isinstance(wanted, str):
        raise PlatformError(
            f"{where}.virtualenv",
            repr(wanted),
            needs="text",
            because="it names a folder",
            fix="Write the folder of the virtual environment, such as .venv",
        )
    return _in_virtualenv(wanted, root, f"{where}.virtualenv") if wanted else _on_path(where)


def _refuse_what_needs_the_original_host(options: Mapping[str, object], where: str) -> None:
    toolchain, typechecker = options.get("toolchain", "pip"), options.get("typechecker")
    if toolchain != "pip":
        raise PlatformError(
            f"{where}.toolchain",
            repr(toolchain),
            needs="pip",
            because="this language host starts the Python of a virtual environment and drives no package tool",
            fix="Name the environment in `virtualenv` and remove `toolchain`, or install Pulumi with its own installer",
            see=_SEE,
        )
    if typechecker is not None:
        raise PlatformError(
            f"{where}.typechecker",
            repr(typechecker),
            needs="to be absent",
            because="this language host runs no type checker before the program",
            fix="Remove it and check types in your tests, or install Pulumi with its own installer",
            see=_SEE,
        )


def _in_virtualenv(wanted: str, root: Path, where: str) -> Interpreter:
    virtualenv = root / wanted
    executable = virtualenv / "bin" / "python"
    if executable.is_file():
        return Interpreter(executable, virtualenv)
    make = f"python3 -m venv {shlex.quote(str(virtualenv))}"
    fill = f"{shlex.quote(str(executable))} -m pip install -r {shlex.quote(str(root / 'requirements.txt'))}"
    raise PlatformError(
        where,
        f"{wanted!r} ({virtualenv}) {'has no bin/python' if virtualenv.exists() else 'does not exist'}",
        needs="a virtual environment",
        because="the program runs with its Python and its packages",
        fix=f"Make it with `{make} && {fill}`",
    )


def _on_path(where: str) -> Interpreter:
    commands = (
        [os.environ.get("PULUMI_PYTHON_CMD", "")] if os.environ.get("PULUMI_PYTHON_CMD") else ["python3", "python"]
    )
    for command in commands:
        if path := shutil.which(command):
            return Interpreter(Path(path), None)
    raise PlatformError(
        f"{where}.virtualenv",
        f"not set, and there is no {' or '.join(commands)} on PATH",
        needs="a Python",
        because="the program is written in it",
        fix="Name a virtual environment there, or put Python on PATH",
    )
