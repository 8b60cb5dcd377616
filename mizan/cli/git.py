"""The edge to git: files as one commit has them."""

import os
import posixpath
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mizan.errors import PlatformError, SourceUnreachable

# A lookup takes milliseconds; a partial clone may first fetch what it lacks.
ANSWER_SECONDS = 60
SHORT_NAME = 10

# Of a hook that this runs in: they name another repository than the folder's own, or the same one by another way.
ANOTHER_S = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
CALM = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


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

    def read(self, path: str) -> bytes | None:
        """Return a file of the commit; None where it has none there.

        Args:
            path: relative to the folder; links within the repository are followed.

        Raises:
            PlatformError: git does not run or does not answer.
        """
        place = posixpath.normpath(posixpath.join(self.prefix, path))
        if posixpath.isabs(path) or place.startswith("..") or "\n" in place:
            return None
        asked = f"{self.name}:{place}\n".encode(errors="surrogateescape")
        answer = _git(self.folder, "cat-file", "--batch", "--follow-symlinks", asked=asked)
        head, _, rest = answer.stdout.partition(b"\n")
        match head.split(b" "):
            # What is no file, or is not there, is answered in other words.
            case [_, b"blob", size] if size.isdigit():
                return rest[: int(size)]
        if answer.returncode:
            raise _failed(self.folder, self.ref, answer)
        return None


def find_commit(ref: str, folder: Path) -> Commit:
    """Return the commit that a ref stands for in the repository of a folder.

    Raises:
        PlatformError: there is no git, no repository or no such ref.
    """
    # `--end-of-options` keeps git from reading a ref as an option, this from reading it as another thing than a ref.
    if not ref or ref.startswith(("-", ":")) or not ref.isprintable():
        raise _unknown(ref, folder)
    found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found.returncode and not found.stderr.strip():
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


def _unknown(ref: str, folder: Path) -> PlatformError:
    return PlatformError(
        f"--compare {ref}",
        f"neither a file nor a commit of the repository of {folder.absolute()}",
        needs="a stack file, a branch, a tag or a commit",
        because="an estimate is compared with a stack as it was",
        fix="Write one that `git log` knows; `git fetch origin main` brings what a clone lacks, as `origin/main`",
    )


def _failed(folder: Path, ref: str, answer: subprocess.CompletedProcess[bytes]) -> PlatformError:
    return PlatformError(
        f"--compare {ref}",
        " ".join(answer.stderr.decode(errors="replace").split()),
        needs=f"{folder.absolute()} in a git repository that can be read",
        because="the stack is read as it was there",
        fix="Name the project's folder with `--project`, or compare with a stack file",
    )
