"""The stacks that an estimate is compared with: of a file, or as a git commit has them."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mizan.cli.git import SHORT_NAME, Commit, GitFault, find_commit
from mizan.cli.stacks import plan_of_file, today
from mizan.config import ConfigErrors, located_in, parse_stack
from mizan.errors import PlatformError, SourceUnreachable
from mizan.plan import Plan, build_plan
from mizan.prices import PriceBook, read_price_file
from mizan.prices.files import MOST_BYTES, book_of
from mizan.prices.text_file import NoText, decoded

FOLDER = "stacks"


class FaultyBefore(PlatformError):
    """The stack that is compared with is at fault by today's rules; the one of today is not."""

    def __init__(self, word: str, stack: str, name: str, told: PlatformError, *, fix: str) -> None:
        """Say which side is at fault and how to go on; then what is at fault there, with its lines."""
        super().__init__(
            f"--compare {word}",
            f"stack {stack} is at fault as {name} has it, not as it is now",
            needs="a stack that today's rules accept on both sides",
            because="both are estimated by this version of mizan",
            fix=fix,
        )
        Exception.__init__(self, f"{self}\n{told}")


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
    if not _is_file(word):
        return _of_commit(find_commit(word, project), stacks, project)
    if len(stacks) > 1:
        raise PlatformError(
            f"--compare {word}",
            f"one file for {len(stacks)} stacks",
            needs="one stack, or a git ref",
            because="a file describes one stack",
            fix="Name one `--stack`, or a branch, tag or commit that has all of them",
        )
    try:
        return Before(name=word, plans=(plan_of_file(Path(word), stacks[0]),))
    except SourceUnreachable:
        raise
    except PlatformError as error:
        fix = "Correct that file, or compare with a branch, tag or commit"
        raise FaultyBefore(word, stacks[0], word, error, fix=fix) from error


def _is_file(word: str) -> bool:
    try:
        return Path(word).is_file()
    # A word may be longer than any file's name.
    except OSError:
        return False


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
        """Return the stack's Plan; None where the commit has no such stack.

        Raises:
            FaultyBefore: today's rules refuse what the commit has.
            PlatformError: git does not run, or cannot read the commit.
        """
        path = f"{FOLDER}/Pulumi.{self.stack}.yaml"
        try:
            return self._plan(path)
        # These are of git, not of what the commit holds.
        except (GitFault, SourceUnreachable):
            raise
        except PlatformError as error:
            saved = f"{FOLDER}/before.yaml"
            fix = (
                "Compare with a commit in which that is mended, or mend a copy: "
                f"`git show {self.commit.name[:SHORT_NAME]}:./{path} > {saved}`, then `--compare {saved}`"
            )
            raise FaultyBefore(self.commit.ref, self.stack, self.commit.title, error, fix=fix) from error

    def _plan(self, path: str) -> Plan | None:
        source = f"{self.commit.ref}:{path}"
        text = self._text(path, source)
        if text is None:
            self.notes.append(f"Stack {self.stack} is new: {self.commit.title} has no {path}.")
            return None
        config = parse_stack(text, source, today(), self._prices)
        try:
            return build_plan(self.stack, config)
        except ConfigErrors as error:
            raise located_in(text, source, error) from None

    def _text(self, path: str, source: str) -> str | None:
        """Return the text of a file of the commit; None where it has none there."""
        try:
            found = self.commit.read(path, MOST_BYTES)
            return None if found is None else decoded(found)
        except NoText as error:
            raise PlatformError(
                source,
                error.observed,
                needs=error.needs or "UTF-8 text",
                because="it is read as the stack was",
                fix="Compare with another commit, or with a stack file",
            ) from error

    def _prices(self, file: str) -> PriceBook:
        """Return the prices that the stack names; the file as it is now where the commit does not have it."""
        path = posixpath.normpath(posixpath.join(FOLDER, file))
        source = f"{self.commit.ref}:{path}"
        text = self._text(path, source)
        if text is None:
            self.notes.append(
                f"Stack {self.stack}: {self.commit.title} has no price file {file}, so it is read as it is now."
            )
            return read_price_file(self.project / FOLDER / file, today())
        return book_of(text, source, today(), is_on_disk=False)
