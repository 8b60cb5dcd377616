"""Files of a commit: exactly the commit's, or none, and never an option for git."""

import pytest

from mizan.cli import git as edge
from mizan.cli.git import find_commit
from mizan.errors import PlatformError, SourceUnreachable
from mizan.prices.text_file import NoText
from tests.repositories import a_repository, commit, git

LIMIT = 1000


@pytest.fixture(autouse=True)
def _nobody_s_settings(monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    # A folder of tests may lie in somebody's repository.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def repository(tmp_path):
    return a_repository(tmp_path / "repository")


def test_a_file_is_read_as_the_commit_has_it(repository):
    (repository / "file").write_bytes(b"before\r\n\xff")
    commit(repository)
    git(repository, "tag", "v1")
    (repository / "file").write_bytes(b"after")
    second = commit(repository)
    (repository / "file").write_bytes(b"not committed")
    assert find_commit("v1", repository).read("file", LIMIT) == b"before\r\n\xff"
    assert find_commit("main~1", repository).read("file", LIMIT) == b"before\r\n\xff"
    for ref in ("main", "HEAD", second, second[:8]):
        assert find_commit(ref, repository).read("file", LIMIT) == b"after"


def test_a_branch_is_told_with_its_commit_and_a_commit_by_itself(repository):
    name = commit(repository)
    assert find_commit("main", repository).title == f"main ({name[:10]})"
    assert find_commit(name[:7], repository).title == name[:10]


def test_a_path_counts_from_the_folder_wherever_that_lies_in_the_repository(repository):
    below = repository / "infra" / "gpus"
    below.mkdir(parents=True)
    (below / "own").write_text("own")
    (repository / "infra" / "shared").write_text("shared")
    commit(repository)
    found = find_commit("main", below)
    assert found.prefix == "infra/gpus/"
    assert found.read("own", LIMIT) == b"own"
    assert found.read("../shared", LIMIT) == b"shared"


@pytest.mark.parametrize(
    "path", ["none", "folder", "../outside", "/etc/hostname", "folder/../..", "file/below", "a\nb"]
)
def test_what_is_no_file_of_the_commit_is_nothing(repository, path):
    (repository.parent / "outside").write_text("outside")
    (repository / "folder").mkdir()
    (repository / "folder" / "file").write_text("x")
    (repository / "file").write_text("x")
    commit(repository)
    assert find_commit("main", repository).read(path, LIMIT) is None


def test_a_link_within_the_repository_is_followed_and_no_other(repository):
    (repository.parent / "outside").write_text("outside")
    (repository / "file").write_text("x")
    (repository / "inner").symlink_to("file")
    (repository / "outer").symlink_to("../outside")
    (repository / "dead").symlink_to("none")
    commit(repository)
    found = find_commit("main", repository)
    assert [found.read(name, LIMIT) for name in ("inner", "outer", "dead")] == [b"x", None, None]


def test_names_with_spaces_and_letters_of_any_script_are_read(repository):
    (repository / "prix à la journée.csv").write_text("x")
    commit(repository)
    assert find_commit("main", repository).read("prix à la journée.csv", LIMIT) == b"x"


@pytest.mark.parametrize(
    "ref",
    [
        "none", "--help", "--output=stolen", "--foo", "-h", "main:file", ":/a", ":file", "main\nHEAD", "HEAD:",
        "^main", "main..v1", "v1..main", "main...v1", "main^@", "main^!", "main^-", "v1 main", "main\0", "x" * 5000,
        "x" * 200_000,
    ],
)  # fmt: skip
def test_what_is_no_commit_is_told_and_never_an_option(repository, ref):
    (repository / "file").write_text("x")
    commit(repository)
    git(repository, "tag", "v1")
    commit(repository)
    with pytest.raises(PlatformError, match="neither a file nor a commit of the repository of") as caught:
        find_commit(ref, repository)
    assert caught.value.exit_code == 2
    assert len(str(caught.value)) < 600
    assert "git fetch origin main" in str(caught.value)
    assert not (repository / "stolen").exists()


def test_nothing_is_no_commit(repository):
    commit(repository)
    with pytest.raises(
        PlatformError, match=r"^--compare: nothing, which is no commit of the repository of .*; needs a "
    ):
        find_commit("", repository)


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(repository):
    (repository / "file").write_bytes(b"x" * (LIMIT + 1))
    commit(repository)
    found = find_commit("main", repository)
    with pytest.raises(NoText, match="1,001 bytes or more"):
        found.read("file", LIMIT)
    assert len(found.read("file", LIMIT + 1)) == LIMIT + 1


def test_a_folder_without_a_repository_is_told(tmp_path):
    folder = tmp_path / "plain"
    folder.mkdir()
    with pytest.raises(PlatformError, match="not a git repository"):
        find_commit("main", folder)


def test_a_machine_without_git_is_told(repository, monkeypatch, tmp_path):
    commit(repository)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(
        SourceUnreachable, match=r"^git: .*No such file.* needs a git that runs .* compare with a stack"
    ):
        find_commit("main", repository)


def test_a_git_that_hangs_is_left(repository, monkeypatch, tmp_path):
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:/usr/bin:/bin")
    monkeypatch.setattr(edge, "ANSWER_SECONDS", 0.1)
    with pytest.raises(SourceUnreachable, match=r"no answer within 0\.1 s"):
        find_commit("main", repository)


def test_a_hook_s_repository_is_not_taken_for_the_folder_s(repository, monkeypatch, tmp_path):
    (repository / "file").write_text("own")
    commit(repository)
    other = a_repository(tmp_path / "other")
    (other / "file").write_text("other")
    commit(other)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert find_commit("main", repository).read("file", LIMIT) == b"own"


def test_a_broken_repository_is_told_and_not_taken_for_a_missing_file(repository):
    (repository / "file").write_text("x")
    commit(repository)
    found = find_commit("main", repository)
    for item in (repository / ".git" / "objects").glob("??/*"):
        item.chmod(0o644)
        item.write_bytes(b"broken")
    with pytest.raises(PlatformError, match=r"^--compare main: .*needs .* in a git repository that can be read"):
        found.read("file", LIMIT)
