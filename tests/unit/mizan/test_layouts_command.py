"""`mizan layouts`: what a GPU can be cut into, and what is left over."""

import json

import pytest

from mizan.catalogue import gpu_models
from mizan.cli import main
from mizan.cli.layouts import cuts_of


@pytest.fixture
def mizan(monkeypatch, capsys):
    """Run `mizan layouts`: exit code, stdout, stderr."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["mizan", "layouts", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return run


def test_what_leaves_least_stands_first_with_what_each_instance_pays(mizan):
    code, out, err = mizan("a100-40gb")
    assert (code, err) == (0, "")
    told = [" ".join(line.split()) for line in out.splitlines()]
    assert told[:2] == ["Layouts of a100-40gb", "layout GiB unused slices unused each pays"]
    assert "7 x 1g.5gb 5 0 1/7" in told
    assert "3g.20gb + 2g.10gb + 1g.5gb 5 1 4/7, 2/7, 1/7" in told
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80


def test_the_json_says_the_same(mizan):
    told = json.loads(mizan("a100-40gb", "-o", "json")[1])
    assert (told["gpu"], len(told["layouts"])) == ("a100-40gb", 77)
    assert {
        "layout": {"1g.5gb": 7},
        "memoryUnusedGib": 5.0,
        "computeSlicesUnused": 0,
        "shares": {"1g.5gb": "1/7"},
    } in told["layouts"]


@pytest.mark.parametrize("gpu", [gpu for gpu in gpu_models().values() if gpu.has_mig], ids=lambda gpu: gpu.name)
def test_instances_of_a_layout_pay_the_whole_gpu_whatever_they_leave(gpu):
    for cut in cuts_of(gpu):
        assert sum(share * count for share, count in zip(cut.shares, cut.layout.values(), strict=True)) == 1
        assert 0 <= cut.memory_left_gib < gpu.memory_gib


def test_a_gpu_without_mig_has_none_and_an_unknown_one_is_refused(mizan):
    assert mizan("t4")[:2] == (0, "t4 (turing) has no MIG; `time-slicing` shares it.\n")
    code, out, err = mizan("a100")
    assert (code, out) == (2, "")
    assert "mizan layouts: a100; needs a GPU model: " in err


@pytest.mark.parametrize(
    ("written", "seen"), [("", '""'), ("x" * 100_000, f"{'x' * 80}..."), ("a\x1b[31m", '"a\\u001b[31m"')]
)
def test_an_unknown_gpu_is_quoted_as_any_value_is(mizan, written, seen):
    code, out, err = mizan(written)
    assert (code, out) == (2, "")
    assert f"mizan layouts: {seen}; needs a GPU model: " in " ".join(err.split())
