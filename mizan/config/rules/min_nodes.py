"""Rules about nodes that are always there."""

from collections.abc import Iterator

from mizan.capacity import CapacityType
from mizan.config.faults import ConfigFault
from mizan.config.models import Cloud
from mizan.config.part import Part
from mizan.config.rules.sharing import manager_of, mode_of
from mizan.sharing import Manager, SharingMode

_LET_GKE = ", or `manager: gke` for the sharing without `gke.driver`"


def fewest_nodes_are_at_most_all(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each capacity type with more nodes at least than at most."""
    for pool in stack["pools"].items:
        for capacity in pool["capacity"].items:
            least, most = capacity["minNodes"], capacity["maxNodes"].number
            if least.number is not None and most is not None and 1 <= most < least.number:
                yield ConfigFault(
                    least.path,
                    least.number,
                    needs=f"at most {most}",
                    because="no autoscaler makes more nodes than `maxNodes`",
                    fix="Lower it, or raise `maxNodes`",
                )


def flex_start_nodes_come_and_go(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each flex-start capacity that is to have nodes at all times."""
    for pool in stack["pools"].items:
        for capacity in pool["capacity"].items:
            least = capacity["minNodes"]
            if _is_flex_start(capacity) and (least.number or 0) > 0:
                yield ConfigFault(
                    least.path,
                    least.number,
                    needs="0",
                    because="flex-start gives nodes for a run and takes them back after seven days at most; GKE "
                    "refuses a minimum of queued ones",
                    fix="Take another capacity type"
                    if _needs_a_node(stack, pool)
                    else "Remove it, or keep nodes of another capacity type",
                )


def autoscalers_know_what_they_scale(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each capacity type at 0 nodes of which no autoscaler knows what a node of it would offer."""
    for pool in stack["pools"].items:
        claims = mode_of(pool) is SharingMode.DRA
        for capacity in pool["capacity"].items:
            least = capacity["minNodes"]
            is_zero = least.value is None or least.number == 0
            if capacity.is_mapping and is_zero and _needs_a_node(stack, pool):
                because = (
                    "devices that pods claim are told by a node that is there; Karpenter ignores claims altogether"
                    if claims
                    else "GKE's autoscaler cannot know what the operator will make of a node that does not exist, so "
                    "the first job would wait for ever"
                )
                yield ConfigFault(
                    least.path,
                    least.number or 0,
                    needs="at least 1",
                    because=because,
                    # Flex-start takes no minimum, GKE sets no claims up, and cuts all GPUs of a pool alike.
                    fix=("Take another capacity type" if _is_flex_start(capacity) else "Write `minNodes: 1`")
                    + ("" if claims or pool["sharing"].has("layout") else _LET_GKE),
                )


def _needs_a_node(stack: Part, pool: Part) -> bool:
    """Return whether no autoscaler can tell what a node of a pool would offer before there is one."""
    mode = mode_of(pool)
    by_operator = stack["cloud"].text == Cloud.GKE and manager_of(stack, pool) is Manager.OPERATOR
    return mode is SharingMode.DRA or (by_operator and mode not in (SharingMode.NONE, None))


def _is_flex_start(capacity: Part) -> bool:
    return capacity["type"].text == CapacityType.FLEX_START
