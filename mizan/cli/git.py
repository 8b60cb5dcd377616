"""The edge to git: files as one commit has them."""

import os
import posixpath
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mizan.config.faults import cut
from mizan.errors import PlatformError, SourceUnreachable
from mizan.prices.text_file import too_large

# A lookup takes milliseconds; a partial clone may first fetch what it lacks.
ANSWER_SECONDS = 60
SHORT_NAME = 10

# Git's own limit is that of a path. Source: https://git-scm.com/docs/git-check-ref-format, read 2026-11-22.
LONGEST_REF = 1024
# One commit, in SHA-1 or SHA-256; `^main` is answered with a sign before it, which is no commit but all that are not.
NAME = re.compile(rb"(?:[0-9a-f]{40}|[0-9a-f]{64})\n")

# Of a hook that this runs in: they name another repository than the folder's own, or the same one by another way.
ANOTHER_S = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
CALM = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


class GitFault(PlatformError):
    """What somebody asked of git is not there, or git cannot read it."""


@dataclass(frozen=True, kw_only=True)
class Commit:
    """One commit, seen from a folder of its repository.

    Attributes:
        ref: as somebody wrote it: a branch, a tag or a name of the commit itself.
        name: of the commit, in full.
        prefix: from the top of the repository to the folder; empty, or with a slash at its end.
    """

    folder: Path
    ref: str
    name: str
    prefix: str

    @property
    def title(self) -> str:
        """Return the ref with the commit that it stands for now."""
        short = self.name[:SHORT_NAME]
        return short if self.name.startswith(self.ref) else f"{self.ref} ({short})"

    def read(self, path: str, most_bytes: int) -> bytes | None:
        """Return a file of the commit; None where it has none there.

        Args:
            path: relative to the folder; links within the repository are followed.
            most_bytes: a larger file is refused before it fills the memory.

        Raises:
            PlatformError: git does not run or does not answer.
            NoText: the file is too large.
        """
        place = posixpath.normpath(posixpath.join(self.prefix, path))
        if posixpath.isabs(path) or place.startswith("..") or "\n" in place:
            return None
        found = self._ask("--batch-check", place)
        if found is None:
            return None
        size, _ = found
        if size > most_bytes:
            raise too_large(size, most_bytes)
        whole = self._ask("--batch", place)
        return None if whole is None else whole[1][:size]

    def _ask(self, how: str, place: str) -> tuple[int, bytes] | None:
        """Return the size of a file and what git says of it below that; None where there is no file."""
        asked = f"{self.name}:{place}\n".encode(errors="surrogateescape")
        answer = _git(self.folder, "cat-file", how, "--follow-symlinks", asked=asked)
        head, _, rest = answer.stdout.partition(b"\n")
        match head.split(b" "):
            # What is no file, or is not there, is answered in other words.
            case [_, b"blob", size] if size.isdigit():
                return int(size), rest
        if answer.returncode:
            raise _failed(self.folder, self.ref, answer)
        return None


def find_commit(ref: str, folder: Path) -> Commit:
    """Return the commit that a ref stands for in the repository of a folder.

    Raises:
        PlatformError: there is no git, no repository or no such ref.
    """
    # `--end-of-options` keeps git from reading a ref as an option, this from reading it as another thing than a ref.
    if not ref or ref.startswith(("-", ":")) or not ref.isprintable() or len(ref) > LONGEST_REF:
        raise _unknown(ref, folder)
    found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found.returncode and not found.stderr.strip():
        raise _unknown(ref, folder)
    if not found.returncode and not NAME.fullmatch(found.stdout):
        raise _unknown(ref, folder)
    prefix = _git(folder, "rev-parse", "--show-prefix")
    for answer in (found, prefix):
        if answer.returncode:
            raise _failed(folder, ref, answer)
    return Commit(
        folder=folder,
        ref=ref,
        name=found.stdout.decode().strip(),
        prefix=prefix.stdout.decode(errors="surrogateescape").removesuffix("\n"),
    )


def _git(folder: Path, *arguments: str, asked: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in ANOTHER_S} | CALM
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments],  # noqa: S607  # whichever git the person uses
            input=asked,
            capture_output=True,
            env=environment,
            timeout=ANSWER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        observed = (
            f"no answer within {ANSWER_SECONDS} s" if isinstance(error, subprocess.TimeoutExpired) else str(error)
        )
        raise SourceUnreachable(
            "git",
            observed,
            needs="a git that runs",
            because="only it knows what a branch, tag or commit holds",
            fix="Install or repair it, or compare with a stack file",
        ) from error


def _unknown(ref: str, folder: Path) -> GitFault:
    return GitFault(
        f"--compare {cut(ref)}".rstrip(),
        f"{'neither a file nor a commit' if ref else 'nothing, which is no commit'} of the repository of "
        f"{folder.absolute()}",
        needs="a stack file, a branch, a tag or a commit",
        because="an estimate is compared with a stack as it was",
        fix="Write one that `git log` knows; `git fetch origin main` brings what a clone lacks, as `origin/main`",
    )


def _failed(folder: Path, ref: str, answer: subprocess.CompletedProcess[bytes]) -> GitFault:
    return GitFault(
        f"--compare {ref}",
        " ".join(answer.stderr.decode(errors="replace").split()),
        needs=f"{folder.absolute()} in a git repository that can be read",
        because="the stack is read as it was there",
        fix="Name the project's folder with `--project`, or compare with a stack file",
    )
