"""What the guide of sharing says in numbers is what the platform computes."""

import re

import pytest
from ruamel.yaml import YAML

from mizan import versions
from mizan.catalogue import gpu_models
from mizan.cli.layouts import cuts_of
from mizan.manifests.gpu_operator import chart_values
from mizan.plan.part_prices import priced_parts
from mizan.sharing import SharingMode
from mizan.sharing.mig import spelt
from tests.builders import PROJECT, a_plan
from tests.eks_stacks import eks_pool
from tests.operator_stacks import on_eks
from tests.sharing_stacks import LAYOUT, PROFILE, TURNS, a_sharing_stack

TEXT = (PROJECT / "docs" / "guide" / "sharing.md").read_text(encoding="utf-8")
PRICED = {
    "whole": {"mode": "none"},
    "`profile: 1g.5gb`": PROFILE,
    "`profile: 3g.20gb`": {"mode": "mig", "profile": "3g.20gb"},
    "`layout` of 3g.20gb, 2g.10gb, 1g.5gb": LAYOUT,
    "`replicas: 4`": TURNS,
}


def on_demand(sharing):
    (offer,) = [offer for offer in a_plan(a_sharing_stack("local", sharing)).offers if offer.name == "ondemand-a100"]
    return offer


def test_the_price_of_each_part_is_the_one_that_is_computed():
    table = TEXT[TEXT.index("| sharing | part |") :].split("\n\n")[0].splitlines()[2:]
    computed = []
    for told, sharing in PRICED.items():
        offer = on_demand(sharing)
        for place, (part, priced) in enumerate(zip(offer.sharing.parts, priced_parts(offer), strict=True)):
            cells = ("" if place else told, part.name, part.per_gpu, part.share, f"{priced.usd_per_hour:.4f}")
            computed.append(re.sub(r"\| +\|", "| |", f"| {' | '.join(str(cell) for cell in cells)} |"))
    assert table == computed


def test_the_price_of_a_node_and_of_an_eighth_of_a_gpu_are_those_of_the_list():
    usd = on_demand(PRICED["whole"]).price.usd_per_hour
    assert f"is {usd} USD, {usd / 4:.4f} USD for each of 4 GPUs" in TEXT
    (part,) = priced_parts(on_demand(PROFILE))
    assert f"{part.usd_per_hour:.4f} USD, not {usd / 4 / 8:.4f}." in TEXT.replace("\n", " ")


def test_the_layouts_shown_are_the_first_that_are_listed():
    first = [re.escape(spelt(cut.layout)) for cut in cuts_of(gpu_models()["a100-40gb"])[:3]]
    assert re.search(r"each pays\n" + "".join(rf"{layout} .*\n" for layout in first) + "```", TEXT)


@pytest.mark.parametrize("mode", SharingMode)
def test_every_mode_has_its_row(mode):
    assert f"\n| `{mode}`" in TEXT


def test_every_gpu_stands_where_it_can_be_cut_or_cannot():
    words = {
        "a100-40gb": "A100", "a100-80gb": "A100", "a10g": "A10G", "a30": "A30", "b200-180gb": "B200",
        "h100-80gb": "H100", "h200-141gb": "H200", "l4": "L4", "l40s": "L40S", "rtx-pro-6000": "RTX PRO 6000",
        "t4": "T4", "v100-16gb": "V100", "v100-32gb": "V100",
    }  # fmt: skip
    cut, whole = TEXT[TEXT.index("MIG is there on") :].split("alone.")[0].split(". ", 1)
    for gpu in gpu_models().values():
        assert words[gpu.name] in (cut if gpu.has_mig else whole), gpu.name


def yaml_blocks():
    return re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_the_values_for_somebody_else_s_operator_are_those_that_the_platform_gives_its_own():
    (told,) = (YAML(typ="safe").load(block) for block in yaml_blocks() if "devicePlugin" in block)
    given = chart_values(on_eks(eks_pool(sharing=PROFILE), operator={"install": "external"}))
    # Its owner's to decide; the chart's manager runs unless it is turned off.
    assert given["migManager"].pop("enabled") is True
    assert told == {key: given[key] for key in told}
    assert set(told) == {"mig", "devicePlugin", "migManager"}


def test_what_claims_need_is_told_with_its_versions():
    assert f"Kubernetes {versions.DRA_KUBERNETES_LEAST} and NVIDIA's driver {versions.DRA_DRIVER_LEAST}, or" in TEXT


def test_every_key_of_sharing_has_an_example():
    shown = "".join(yaml_blocks())
    for key in ("mode:", "profile:", "layout:", "replicas:", "manager:", "minNodes:", "units:", "accepts:", "model:"):
        assert key in shown, key
