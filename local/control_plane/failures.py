"""What a person is told of a process that ended or never became ready: with its last lines and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass

from local.control_plane import processes
from local.home import Home
from mizan.errors import PlatformError, SourceUnreachable

_PORT_TAKEN = "address already in use"

# What a process says before it ends, and what to do then.
_REMEDIES = (
    ("no space left on device", "Free disk space and run `make up` again"),
    ("too many open files", "Raise the limit with `ulimit -n 4096` and run `make up` again"),
    ("exec format error", "Remove the tool from the cache, so that it is built for this machine"),
)
_REMEDY = "Mend what its last lines say and run `make up` again; `make down PURGE=1` lets it begin with nothing"


@dataclass(frozen=True)
class Failures:
    """The failures of the processes of one home."""

    home: Home

    def is_port_taken(self, name: str) -> bool:
        """Return whether process `name` ended because somebody else listens on its port."""
        return _PORT_TAKEN in "\n".join(processes.last_lines(self.home, name))

    def ended(self, name: str) -> PlatformError:
        """Return the error of process `name`, which has ended."""
        # All of it: the cause often stands above a long list of what failed because of it.
        text = processes.latest_text(self.home, name).lower()
        return PlatformError(
            name,
            f"{processes.ending(self.home, name)} while the control plane started",
            needs="to stay up",
            because="the other parts talk to it",
            fix=next((fix for sign, fix in _REMEDIES if sign in text), _REMEDY),
            see=self.log(name),
        )

    def too_late(self, waiting: Mapping[str, str], ready_seconds: float) -> PlatformError:
        """Return the error of processes that were not ready after `ready_seconds`, given by name with their answers."""
        heard = "; ".join(f"{name} said {answer}" for name, answer in waiting.items())
        return SourceUnreachable(
            ", ".join(waiting),
            f"not ready after {ready_seconds:.0f} s ({heard})",
            needs="to say that it is ready",
            because="the platform is installed into a control plane that works",
            fix="Run `make up` again when the machine has less to do",
            see=self.log(next(iter(waiting))),
        )

    def log(self, name: str) -> str:
        """Return the log of a process with its last lines, as the end of a message."""
        lines = processes.last_lines(self.home, name)
        shown = "".join(f"\n    {line}" for line in lines) or " nothing"
        return f"{processes.log_file(self.home, name)}, which ends with:{shown}"
