"""YAML that two readers read two ways, that holds itself, or that unfolds without measure."""

import re
from pathlib import Path

import pytest

from mizan.config import ConfigErrors, read_stack
from mizan.config.yaml_file import load
from mizan.errors import PlatformError
from tests.builders import PROJECT, TODAY, a_config, shipped_stack


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "Pulumi.test.yaml"


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("010", "Write 10, or 0o10."),
        ("-010", "Write -10, or -0o10."),
        ("+010", "Write 10, or 0o10."),
        ("0_10", "Write 10, or 0o10."),
        ("&nodes 010", "Write 10, or 0o10."),
        ("09", "Write 9."),
        ("00", "Write 0."),
    ],
)
def test_a_number_that_pulumi_reads_otherwise_is_refused_with_both_ways_to_write_it(written, fix):
    ((fault, line),) = load(f"config:\n  mizan:pools: {written}\n")[1]
    assert line == 2
    assert str(fault) == (
        f"mizan:pools: {written.removeprefix('&nodes ')}; needs a number without a leading zero because YAML 1.2 "
        f"counts it in tens and Pulumi in eights. {fix}"
    )


def test_a_leading_zero_is_told_beside_every_other_fault(file):
    text = (PROJECT / "stacks" / "Pulumi.local.yaml").read_text()
    zero = re.sub(r"maxNodes: (\d)\b", r"maxNodes: 0\1", text, count=1)
    assert zero != text
    line = next(n for n, (a, b) in enumerate(zip(text.splitlines(), zero.splitlines(), strict=True), 1) if a != b)
    file.write_text(zero)
    with pytest.raises(ConfigErrors) as caught:
        read_stack(file, TODAY)
    (told,) = str(caught.value).splitlines()[1:]
    assert re.match(rf"  line {line}: mizan:pools\[\d\].capacity\[\d\].maxNodes: 0\d; needs a number without", told)
    file.write_text(zero.replace("mizan:cloud: local", "mizan:cloud: locl"))
    with pytest.raises(ConfigErrors) as caught:
        read_stack(file, TODAY)
    assert told in str(caught.value).splitlines()
    assert "mizan:cloud: locl; needs 'local', 'existing', 'gke' or 'eks'" in str(caught.value)


@pytest.mark.parametrize("written", ["0", "10", "0o10", "0x10", "'010'", "!!str 010", "0.5", "2024-01-01"])
def test_what_both_read_alike_may_begin_with_a_zero(written):
    assert load(f"config: {{mizan:pools: [{written}]}}")[1] == []


def test_a_leading_zero_in_another_program_s_setting_is_its_own_business():
    assert load("config: {aws:account: 010}")[1] == []


def test_a_leading_zero_that_a_merge_brings_is_found():
    ((fault, line),) = load("x: &x\n  mizan:pools: [010]\nconfig:\n  <<: *x\n")[1]
    assert (fault.where, line) == ("mizan:pools[0]", 2)


def _aliases_of_aliases(first):
    lines = [f"  {first}0: &a0 [x]\n"]
    return "".join([*lines, *(f"  {first}{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))])


def test_aliases_of_aliases_in_another_program_s_setting_cost_nothing(file):
    text = (PROJECT / "stacks" / "Pulumi.local.yaml").read_text()
    with_aliases = re.sub(r"^config:\n", f"config:\n{_aliases_of_aliases('other:x')}", text, flags=re.MULTILINE)
    assert with_aliases != text
    file.write_text(with_aliases)
    assert read_stack(file, TODAY) == a_config(shipped_stack("local"))


def test_aliases_of_aliases_in_an_own_setting_are_refused_before_they_unfold(file):
    file.write_text(f"config:\n{_aliases_of_aliases('mizan:x')}")
    with pytest.raises(PlatformError) as caught:
        read_stack(file, TODAY)
    assert str(caught.value) == (
        f"{file}:7: mizan:x5 unfolds to more than 100,000 values by its aliases; needs settings that end because each "
        "is read to its last value. Write the values out."
    )


def test_aliases_of_aliases_under_a_key_written_twice_are_not_quoted(file):
    file.write_text(f"config:\n{_aliases_of_aliases('other:x')}  other:x29: 1\n")
    with pytest.raises(PlatformError, match=re.escape(f"{file}:32: found duplicate key other:x29; needs YAML")):
        read_stack(file, TODAY)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("config: &a\n  mizan:pools: *a\n", "1: mizan:pools.mizan:pools"),
        ("config:\n  mizan:pools: &a [*a]\n", "2: mizan:pools[0]"),
        ("x: &x {y: *x}\nconfig:\n  mizan:pools: *x\n", "1: mizan:pools.y"),
    ],
)
def test_a_setting_that_holds_itself_is_told_as_such(file, text, told):
    file.write_text(text)
    with pytest.raises(PlatformError) as caught:
        read_stack(file, TODAY)
    assert str(caught.value).startswith(f"{file}:{told} holds itself by its anchor; needs settings that end")


def test_a_number_of_thousands_of_digits_is_cut_in_its_message(file):
    file.write_text(f"config:\n  mizan:pools: [{{capacity: [{{type: spot, maxNodes: 0x{'f' * 6000}}}]}}]\n")
    with pytest.raises(ConfigErrors) as caught:
        read_stack(file, TODAY)
    (told,) = str(caught.value).splitlines()[1:]
    assert told == (
        f"  line 2: mizan:pools[0].capacity[0].maxNodes: 0x{'f' * 78}...; needs at most 18 digits because nothing that "
        "a stack counts or names is as long. Write the number that is meant."
    )


def test_a_number_that_python_cannot_read_is_told_with_its_line(file):
    file.write_text(f"config:\n  mizan:pools: [{{name: {'9' * 5000}}}]\n")
    with pytest.raises(PlatformError) as caught:
        read_stack(file, TODAY)
    assert str(caught.value) == (
        f"{file}:2: found {'9' * 80}..., a number of too many digits; needs YAML because Pulumi reads the same file. "
        "Correct this line."
    )


def test_a_number_of_thousands_of_digits_may_be_a_key_too(file):
    file.write_text(f"config:\n  mizan:pools: \n    - ? 0x{'f' * 6000}\n      : 1\n")
    with pytest.raises(ConfigErrors) as caught:
        read_stack(file, TODAY)
    assert f"line 3: mizan:pools[0].0x{'f' * 78}...: unknown key; needs" in str(caught.value)


def test_a_list_with_a_tag_points_at_its_own_line(file):
    file.write_text("config:\n  mizan:pools: !foo\n    - x\n")
    with pytest.raises(ConfigErrors, match=re.escape("line 2: mizan:pools[0]: x; needs a mapping")):
        read_stack(file, TODAY)
