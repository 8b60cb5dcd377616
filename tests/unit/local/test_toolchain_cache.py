"""Cache entries: what their key depends on, and how damage shows. No Go, no build."""

import dataclasses
import os
from errno import EACCES
from os import strerror
from pathlib import Path

import pytest
from toolchain_builders import Heard, a_family, a_tool, a_workshop, environment_with

from local.toolchain import cache as store
from local.toolchain import ensure
from local.toolchain.go import Target
from local.toolchain.specs import Asset
from mizan.errors import PlatformError

LINUX = Target("linux", "amd64")


@pytest.fixture
def entry(tmp_path):
    """A sealed entry with an executable and one CRD."""
    store.prepare(tmp_path)
    with store.unfinished(tmp_path) as folder:
        made = folder / "entry"
        (made / "bin").mkdir(parents=True)
        (made / "crds").mkdir()
        (made / "bin" / "tiny").write_text("machine code")
        (made / "bin" / "tiny").chmod(0o755)
        (made / "crds" / "things.yaml").write_text("kind: CustomResourceDefinition")
        store.publish(made, tmp_path / "tools" / "tiny-1", a_tool())
    return tmp_path / "tools" / "tiny-1"


def test_a_sealed_entry_is_whole_and_nothing_unfinished_is_left(entry):
    assert store.fault_of(entry) is None
    assert list(entry.parent.iterdir()) == [entry]


def cut(path):
    path.write_text("machine co")


def unmark(path):
    path.chmod(0o644)


@pytest.mark.parametrize(
    ("file", "damage", "fault"),
    [
        ("bin/tiny", cut, "bin/tiny does not match its sha256"),
        ("bin/tiny", os.unlink, "bin/tiny is missing"),
        ("bin/tiny", unmark, "bin/tiny is not executable"),
        ("crds/things.yaml", os.unlink, "crds/things.yaml is missing"),
        ("crds/other.yaml", cut, "crds/other.yaml does not belong there"),
        ("manifest.json", os.unlink, "manifest.json is missing or unreadable"),
        ("manifest.json", cut, "manifest.json is missing or unreadable"),
    ],
)
def test_damage_to_an_entry_is_named(entry, file, damage, fault):
    damage(entry / file)
    assert store.fault_of(entry) == fault


def test_what_a_killed_build_left_is_removed(tmp_path, entry):
    (tmp_path / "tools" / ".unfinished-x7" / "work").mkdir(parents=True)
    store.prepare(tmp_path)
    assert list(entry.parent.iterdir()) == [entry]


def test_a_cache_that_cannot_be_written_is_named_with_the_way_out(tmp_path):
    (tmp_path / "cache").write_text("a file in its place")
    with pytest.raises(PlatformError, match=r"cache: cannot be written .* Set MIZAN_CACHE to a folder"):
        store.prepare(tmp_path / "cache")


def test_a_cache_that_cannot_be_looked_into_is_told(tmp_path, monkeypatch):
    def refuse(path):
        raise OSError(EACCES, strerror(EACCES), str(path))

    a_family(tmp_path / "go" / "tiny")
    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(PlatformError, match=r"cache: cannot be written \(Permission denied, .*/tools/tiny-.*MIZAN_"):
        ensure(
            ["tiny"],
            cache=tmp_path / "cache",
            reporter=Heard(),
            environment=environment_with(tmp_path),
            workshop=a_workshop(tmp_path, a_tool()),
        )


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "main.go", "deep/part.go"])
def test_a_change_in_any_source_changes_the_key(tmp_path, file):
    family = a_family(tmp_path / "tiny")
    before = store.entry_key(a_tool(), family, LINUX)
    (family / "deep").mkdir()
    with (family / file).open("a") as source:
        source.write("// changed\n")
    assert store.entry_key(a_tool(), family, LINUX) != before


@pytest.mark.parametrize(
    "change",
    [{"package": "./cmd"}, {"tags": ("notest",)}, {"ldflags": "-w"}, {"assets": (Asset("m", "crds", "crds"),)}],
)
def test_a_change_of_flags_or_files_to_copy_changes_the_key(tmp_path, change):
    family = a_family(tmp_path / "tiny")
    changed = dataclasses.replace(a_tool(), **change)
    assert store.entry_key(changed, family, LINUX) != store.entry_key(a_tool(), family, LINUX)


def test_each_machine_type_has_its_own_key(tmp_path):
    family = a_family(tmp_path / "tiny")
    assert store.entry_key(a_tool(), family, LINUX) != store.entry_key(a_tool(), family, Target("linux", "arm64"))


def test_what_decides_nothing_keeps_the_key_in_every_checkout(tmp_path):
    first, second = a_family(tmp_path / "one" / "tiny"), a_family(tmp_path / "two" / "tiny")
    (second / "README.md").write_text("notes")
    assert store.entry_key(a_tool(), first, LINUX) == store.entry_key(a_tool(cpu_seconds=999), second, LINUX)


@pytest.mark.parametrize(
    ("environment", "cache"),
    [
        ({"MIZAN_CACHE": "/disk/mizan", "XDG_CACHE_HOME": "/x"}, "/disk/mizan"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/mizan"),
        ({}, str(Path("~/.cache/mizan").expanduser())),
    ],
)
def test_the_cache_is_where_the_environment_says(environment, cache):
    assert str(store.default_cache(environment)) == cache
