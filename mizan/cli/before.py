"""The stacks that an estimate is compared with: of a file, or as a git commit has them."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mizan.cli.git import Commit, find_commit
from mizan.cli.stacks import plan_of_file, today
from mizan.config import ConfigErrors, located_in, parse_stack
from mizan.errors import PlatformError
from mizan.plan import Plan, build_plan
from mizan.prices import PriceBook, read_price_file
from mizan.prices.layout import rows_of

FOLDER = "stacks"


@dataclass(frozen=True, kw_only=True)
class Before:
    """What was before.

    Attributes:
        name: of it, for a person.
        plans: of the stacks that were there.
        notes: whole sentences on what is not as it was.
    """

    name: str
    plans: tuple[Plan, ...]
    notes: tuple[str, ...] = ()


def before(word: str, stacks: Sequence[str], project: Path) -> Before:
    """Return the same stacks as a file or a commit has them.

    Args:
        word: a stack file's path, or else a git ref.
        stacks: at least one; with a file exactly one, whose name the file's stack takes.
        project: in the repository of the ref.

    Raises:
        PlatformError: there is no such file or ref, or a stack was at fault there.
    """
    if not Path(word).is_file():
        return _of_commit(find_commit(word, project), stacks, project)
    if len(stacks) > 1:
        raise PlatformError(
            f"--compare {word}",
            f"one file for {len(stacks)} stacks",
            needs="one stack, or a git ref",
            because="a file describes one stack",
            fix="Name one `--stack`, or a branch, tag or commit that has all of them",
        )
    return Before(name=word, plans=(plan_of_file(Path(word), stacks[0]),))


def _of_commit(commit: Commit, stacks: Sequence[str], project: Path) -> Before:
    reads = [_Reading(commit=commit, stack=stack, project=project) for stack in stacks]
    plans = [reading.plan() for reading in reads]
    return Before(
        name=commit.title,
        plans=tuple(plan for plan in plans if plan is not None),
        notes=tuple(note for reading in reads for note in reading.notes),
    )


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """One stack as a commit has it, and what is to be said about it."""

    commit: Commit
    stack: str
    project: Path
    notes: list[str] = field(default_factory=list)

    def plan(self) -> Plan | None:
        """Return the stack's Plan; None where the commit has no such stack."""
        path = f"{FOLDER}/Pulumi.{self.stack}.yaml"
        found = self.commit.read(path)
        if found is None:
            self.notes.append(f"Stack {self.stack} is new: {self.commit.title} has no {path}.")
            return None
        source = f"{self.commit.ref}:{path}"
        text = _text(found, source)
        config = parse_stack(text, source, today(), self._prices)
        try:
            return build_plan(self.stack, config)
        except ConfigErrors as error:
            raise located_in(text, source, error) from None

    def _prices(self, file: str) -> PriceBook:
        """Return the prices that the stack names; the file as it is now where the commit does not have it."""
        path = posixpath.normpath(posixpath.join(FOLDER, file))
        found = self.commit.read(path)
        if found is None:
            self.notes.append(
                f"Stack {self.stack}: {self.commit.title} has no price file {file}, so it is read as it is now."
            )
            return read_price_file(self.project / FOLDER / file, today())
        source = f"{self.commit.ref}:{path}"
        return PriceBook(rows_of(_text(found, source), source, today()))


def _text(found: bytes, source: str) -> str:
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlatformError(
            source,
            "not UTF-8",
            needs="UTF-8 text",
            because="it is read as the stack was",
            fix="Compare with another commit, or with a stack file",
        ) from error
