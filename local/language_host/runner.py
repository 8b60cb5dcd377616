"""Runs one Pulumi program: `python runner.py SETTINGS PROGRAM [ARGUMENT...]`, SETTINGS being JSON.

It runs in the Python of the program, which may be older than ours: the standard library and the program's own
`pulumi`, and no import of ours.
"""

import asyncio
import json
import logging
import os
import runpy
import signal
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import NoReturn, Optional

ERROR_WAS_SHOWN = 32
"""The exit code that says "the user has seen the error"; source: pulumi-language-python-exec of Pulumi 3.259."""
NO_PULUMI = 33
"""The exit code that says "this Python has no package pulumi"; host.py knows both."""


def _leave_on_signal(_number: int, _frame: Optional[FrameType]) -> None:  # noqa: UP045 - Python 3.9 reads this
    os._exit(ERROR_WAS_SHOWN)


if __name__ == "__main__":
    # Before the import, which takes longest: an update cancelled during it must not print a traceback.
    signal.signal(signal.SIGINT, _leave_on_signal)
    # Python puts the folder of this file there, whose modules are none of the program's business.
    sys.path[:1] = [entry for entry in sys.path[:1] if Path(entry) != Path(__file__).parent]
try:
    import pulumi
    import pulumi.runtime
except ModuleNotFoundError as missing:
    if missing.name != "pulumi":
        raise
    sys.exit(NO_PULUMI)


def main() -> int:
    """Return the exit code after the program has run with the settings of the first argument."""
    settings = json.loads(sys.argv[1])
    program = sys.argv[2]
    sys.argv = sys.argv[2:]
    pulumi.runtime.set_all_config(pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
    pulumi.runtime.configure(pulumi.runtime.Settings(**settings))
    # A failed program leaves futures that nobody awaits, and asyncio would complain about each below the real error.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=max(settings["parallel"], 1) * 4)
    loop.set_default_executor(executor)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return _run(loop, program)
    finally:
        signal.signal(signal.SIGINT, _leave_on_signal)
        executor.shutdown(wait=True, cancel_futures=True)
        loop.close()


def _run(loop: asyncio.AbstractEventLoop, program: str) -> int:
    def evaluate() -> None:
        try:
            runpy.run_path(program, run_name="__main__")
        except KeyboardInterrupt:
            # Here rather than below: the SDK would first wait for answers that a cancelled engine no longer gives.
            _leave_quietly()

    if not _exists(Path(program)):
        return _show(f"unable to find main python program `__main__.py` in `{Path(program).absolute()}`")
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(evaluate))
    except pulumi.RunError as error:
        return _show(str(error))
    except KeyboardInterrupt:
        _leave_quietly()
    except SystemExit as error:
        return _code_of(error)
    except Exception as error:  # noqa: BLE001 - whatever the user's program raises is shown to the user
        return _show("Program failed with an unhandled exception:\n" + user_traceback(error))
    return 0


def _leave_quietly() -> NoReturn:
    """Exit without a word, since whoever pressed Ctrl-C knows, and without waiting for threads that ask the engine."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ERROR_WAS_SHOWN)


def _exists(program: Path) -> bool:
    return (program / "__main__.py" if program.is_dir() else program).is_file()


def _code_of(error: SystemExit) -> int:
    """Return the exit code that `sys.exit` asked for; a text, and the codes that mean something here, are shown."""
    if error.code is None:
        return 0
    if not isinstance(error.code, int):
        return _show(str(error.code))
    if error.code in (ERROR_WAS_SHOWN, NO_PULUMI):
        return _show(f"program exited with non-zero exit code: {error.code}")
    return error.code


def _show(message: str) -> int:
    """Return ERROR_WAS_SHOWN after the engine has taken the message, else 1 after writing it to standard error."""
    try:
        pulumi.log.error(message)
    except Exception:  # noqa: BLE001 - the engine may be gone, and then any error of gRPC's arrives here
        sys.stderr.write(message + "\n")
        return 1
    return ERROR_WAS_SHOWN


def user_traceback(error: BaseException) -> str:
    """Return the traceback of `error` and of its causes, each beginning with the user's first frame."""
    report = traceback.TracebackException.from_exception(error)
    _drop_our_frames(report)
    return "".join(report.format()).rstrip("\n")


def _drop_our_frames(report: traceback.TracebackException) -> None:
    for linked in (report.__cause__, report.__context__, *(getattr(report, "exceptions", None) or ())):
        if linked is not None:
            _drop_our_frames(linked)
    ours = 0
    while ours < len(report.stack) and _is_machinery(report.stack[ours].filename):
        ours += 1
    if ours < len(report.stack):
        report.stack = traceback.StackSummary.from_list(report.stack[ours:])
    elif report.exc_type is not None and issubclass(report.exc_type, SyntaxError):
        # The place is in the message itself; Python prints no "Traceback" line above it either.
        report.stack = None  # type: ignore[assignment]


def _is_machinery(filename: str) -> bool:
    folders = (str(Path(str(module.__file__)).parent) + os.sep for module in (pulumi, asyncio))
    return filename in (__file__, runpy.__file__) or filename.startswith(("<frozen ", *folders))


if __name__ == "__main__":
    sys.exit(main())
