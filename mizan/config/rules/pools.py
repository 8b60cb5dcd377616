"""Rules between pools and the catalogue."""

from collections.abc import Iterator
from types import MappingProxyType

from mizan.capacity import CapacityType
from mizan.catalogue import gpu_models, machines
from mizan.config.faults import ConfigFault, suggestion
from mizan.config.models import Cloud
from mizan.config.part import Part

# By cloud: whose machines are its nodes, that cloud's name, such a machine, and the cloud that takes the other's.
_NODES = MappingProxyType(
    {
        Cloud.GKE: ("gcp", "Google's", "a2-highgpu-4g", Cloud.EKS),
        Cloud.EKS: ("aws", "AWS's", "p4d.24xlarge", Cloud.GKE),
    }
)


def pools_are_of_the_stack_s_cloud(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each pool on GKE or EKS with a machine of another cloud."""
    cloud = next((each for each in _NODES if each == stack["cloud"].text), None)
    if cloud is None:
        return
    provider, whose, example, other = _NODES[cloud]
    for pool in stack["pools"].items:
        machine = machines().get(pool["machine"].text or "")
        if machine is not None and machine.provider != provider:
            yield ConfigFault(
                pool["machine"].path,
                machine.name,
                needs=f"a machine of {provider}",
                because=f"{machine.name} is a machine of {machine.provider}, and nodes of {cloud.upper()} are {whose}",
                fix=f"Take a machine such as {example}, or write `mizan:cloud: {other}`",
            )


def pools_fit_the_catalogue(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each unknown machine or GPU, and for each machine that carries another GPU."""
    for pool in stack["pools"].items:
        name, gpu = pool["machine"], pool["gpu"]
        machine = machines().get(name.text or "")
        if name.text is not None and machine is None:
            yield ConfigFault(
                name.path,
                name.text,
                needs="a machine of the catalogue",
                because="its GPUs, size and price come from mizan/catalogue/machines.csv",
                fix=suggestion(name.text, machines()),
            )
        if gpu.text is not None and gpu.text not in gpu_models():
            yield ConfigFault(
                gpu.path,
                gpu.text,
                needs="a GPU of the catalogue",
                because="node labels and memory come from mizan/catalogue/gpus.csv",
                fix=suggestion(gpu.text, gpu_models()),
            )
        elif gpu.text is not None and machine and machine.gpu.name != gpu.text:
            yield ConfigFault(
                gpu.path,
                gpu.text,
                needs=machine.gpu.name,
                because=f"{machine.name} carries {machine.gpus} x {machine.gpu.name}",
                fix=f"Write `{machine.gpu.name}`, or choose another machine",
            )


def flex_start_is_google_s(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each flex-start capacity that nobody sells, or that the embedded cluster cannot simulate."""
    for pool in stack["pools"].items:
        machine = machines().get(pool["machine"].text or "")
        for capacity in pool["capacity"].items:
            kind = capacity["type"]
            if kind.text != CapacityType.FLEX_START or machine is None:
                continue
            if machine.provider != "gcp":
                yield ConfigFault(
                    kind.path,
                    CapacityType.FLEX_START.value,
                    needs="spot or on-demand",
                    because=f"only Google sells flex-start, and {machine.name} is a machine of {machine.provider}",
                    fix="Write `spot`, or take a machine of Google",
                )
            elif stack["cloud"].text == "local":
                yield ConfigFault(
                    kind.path,
                    CapacityType.FLEX_START.value,
                    needs="spot or on-demand",
                    because="the embedded cluster's nodes come from Karpenter, which knows no flex-start",
                    fix="Write `spot` in this stack, and `flex-start` in one on GKE",
                )


def a_capacity_type_occurs_once(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each capacity type that a pool names twice."""
    for pool in stack["pools"].items:
        types = [capacity["type"] for capacity in pool["capacity"].items]
        for position, kind in enumerate(types):
            if kind.text is not None and kind.text in [earlier.text for earlier in types[:position]]:
                yield ConfigFault(
                    kind.path,
                    kind.text,
                    needs="each type once",
                    because="each capacity type of a pool is one offer with one limit",
                    fix="Add the two maxNodes up",
                )
