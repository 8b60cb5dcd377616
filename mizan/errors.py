"""The error tree. Every message says where, what was seen, what is needed, why, and the fix.

PlatformError            exit 2: the input is at fault
├── ConfigErrors         every fault of one stack file (mizan.config)
├── BudgetsExceeded      exit 1: a sound stack that would cost too much (mizan.estimate.render)
└── SourceUnreachable    exit 3: a cluster, registry or tool did not answer
"""

from typing import ClassVar


class PlatformError(Exception):
    """One fault, told so that the reader can act.

    The text reads `<where>: <observed>; needs <rule> because <reason>. <fix>. See <source>`.
    """

    exit_code: ClassVar[int] = 2

    def __init__(
        self, where: str, observed: str, *, needs: str, because: str, fix: str, see: str | None = None
    ) -> None:
        """Keep the parts, so that a table can show them apart.

        Args:
            where: the path in a file, the file, the process or the command at fault.
            observed: the value or state seen.
            needs: the rule, without the word "needs".
            because: the reason for the rule, without the word "because".
            fix: what to do, a sentence without its full stop.
            see: a document or address with more, or None.
        """
        self.where, self.observed, self.needs, self.because, self.fix, self.see = (
            where,
            observed,
            needs,
            because,
            fix,
            see,
        )
        source = f" See {see}" if see else ""
        stop = "" if fix.endswith(("?", ".")) else "."
        super().__init__(f"{where}: {observed}; needs {needs} because {because}. {fix}{stop}{source}")


class SourceUnreachable(PlatformError):
    """Something outside this program did not answer: a cluster, a registry, a tool."""

    exit_code: ClassVar[int] = 3
