"""Whether GPUs that are paid for can work: heat, errors, what holds them back."""

from collections.abc import Iterator

from mizan.metrics import names
from mizan.metrics.alerts.health import APPLICATION_XIDS
from mizan.metrics.dashboards.board import Board, Colour, Kind, Panel, Question, Section, Step, Unit, number
from mizan.metrics.dashboards.view import TEAM, View, price_of_nodes, usd_per_gpu, view_of
from mizan.metrics.pods import OF_EVERY_DEVICE
from mizan.plan import Plan

UID = "mizan-gpu-health"

_ACT_FROM_ONE = (Step(value=1, colour=Colour.ACT),)
_NANOSECONDS = 1_000_000_000

_HOLDS_BACK = (
    ("THERMAL", "heat"),
    ("POWER", "power"),
    ("RELIABILITY", "its own safety"),
    ("BOARD_LIMIT", "its board"),
    ("SYNC_BOOST", "slower neighbours"),
)
_MEMORY = (
    ("ECC_DBE_VOL_TOTAL", "uncorrected"),
    ("ECC_SBE_VOL_TOTAL", "corrected"),
)


def health(plan: Plan) -> Board:
    """Return the board of the GPUs' health."""
    view = view_of(plan)
    celsius = plan.alerts.gpu_celsius
    return Board(
        uid=UID,
        title="GPU health",
        text="Temperature, errors and throttling: a GPU that is held back or broken costs what a sound one does.",
        sections=(
            Section(title="Now", panels=(*_numbers(view, celsius), _owners(view))),
            Section(title="Errors", panels=(*_errors(view),)),
            Section(title="Heat and throttling", panels=(*_heat(view, celsius),)),
        ),
    )


def _numbers(view: View, celsius: int) -> Iterator[Panel]:
    measured = f"count(count by ({view.of_node}, UUID) ({view.device(view.metric(OF_EVERY_DEVICE))}))"
    unseen = f"count({price_of_nodes(view)} unless on ({view.of_node}) {view.device(view.metric(OF_EVERY_DEVICE))})"
    yield number(
        "GPUs that are measured",
        measured,
        unit=Unit.COUNT,
        width=4,
        text="By DCGM. Where it is fewer than there are, see the exporter's pods.",
    )
    yield number(
        "Nodes that nobody measures",
        view.or_zero(unseen),
        unit=Unit.COUNT,
        width=5,
        steps=_ACT_FROM_ONE,
        text="Priced GPU nodes without DCGM. Whether they are used and sound is unknown: see the exporter's pods "
        "there.",
    )
    yield number(
        "GPUs with an error",
        view.or_zero(f"count({_failed(view)})"),
        unit=Unit.COUNT,
        width=5,
        steps=_ACT_FROM_ONE,
        text="With an XID that no program causes, uncorrected memory errors, or a row of memory that could not be "
        "replaced. Cordon their nodes and let jobs start elsewhere.",
    )
    yield number(
        "GPUs that are too hot",
        view.or_zero(f"count({_worst(view, 'GPU_TEMP')} >= {celsius})"),
        unit=Unit.COUNT,
        width=5,
        steps=_ACT_FROM_ONE,
        text=f"At {celsius} degrees Celsius or more. They slow down soon: give the machine back, or see to fans and "
        "air.",
    )
    yield number(
        "Paid for nodes with errors, per hour",
        view.or_zero(f"sum({price_of_nodes(view)} and on ({view.of_node}) {_failed(view)})"),
        unit=Unit.USD,
        width=5,
        steps=_ACT_FROM_ONE,
        text="The price of nodes that have a GPU with an error. It is what giving them back saves.",
    )


def _owners(view: View) -> Panel:
    held = f"sum by (cluster, team, namespace, node) ({view.own(names.OWNER_GPUS, TEAM)})"
    dollars = f"{held} * on (cluster, node) group_left () {usd_per_gpu(view)}"
    xid = f"max by ({view.of_node}) ({_device(view, 'XID_ERRORS')})"
    hottest = f"max by ({view.of_node}) ({_device(view, 'GPU_TEMP')})"
    with_xid = f"topk(25, {held} * 0 + on ({view.of_node}) group_left () {xid})"
    return Panel(
        title="Who is on GPUs with errors",
        text="Owners by the last XID of their node, worst first; 0 is none. Tell those whose node has failed to start "
        "elsewhere from their checkpoint, then drain the node.",
        kind=Kind.TABLE,
        unit=Unit.PLAIN,
        questions=(
            Question(expr=with_xid, legend="Last XID"),
            Question(
                expr=f"{held} * 0 + on ({view.of_node}) group_left () {hottest} and {with_xid}",
                legend="Hottest GPU",
                unit=Unit.CELSIUS,
            ),
            Question(expr=f"{dollars} and {with_xid}", legend="Cost per hour", unit=Unit.USD),
        ),
        columns=(("cluster", "Cluster"), ("team", "Team"), ("namespace", "Namespace"), ("node", "Node")),
        width=24,
    )


def _errors(view: View) -> Iterator[Panel]:
    yield Panel(
        title="Last XID of GPUs",
        text="How many GPUs have which, 0 is none. 13, 31, 43, 45, 68 and 109 come from programs: tell their owner. "
        "Others are NVIDIA's to explain; 48, 64, 74, 79, 95, 119, 120, 121 and 140 mean that the GPU has failed.",
        kind=Kind.BARS,
        unit=Unit.COUNT,
        questions=(Question(expr=f'count_values("xid", {_worst(view, "XID_ERRORS")})', legend="XID {{xid}}"),),
        width=8,
    )
    yield Panel(
        title="Memory errors since the driver was loaded",
        text="The 10 GPUs with most of each kind. An uncorrected one has ended jobs or falsified them: reset the GPU; "
        "where they come back, give the machine back. Many corrected ones come before.",
        kind=Kind.BARS,
        unit=Unit.COUNT,
        questions=tuple(
            Question(expr=f"topk(10, {_worst(view, field)})", legend=f"{{{{node}}}} GPU {{{{gpu}}}} {called}")
            for field, called in _MEMORY
        ),
        steps=(Step(value=1, colour=Colour.LOOK),),
        width=8,
    )
    yield Panel(
        title="Rows of memory",
        text="GPUs whose broken row waits for a reset, has no spare one, or was replaced. Reset the first once their "
        "jobs have ended, give back the second; the third is history.",
        kind=Kind.BARS,
        unit=Unit.COUNT,
        questions=tuple(
            Question(expr=view.or_zero(f"count({_worst(view, field)} > 0)"), legend=called)
            for field, called in (
                ("ROW_REMAP_PENDING", "waits for a reset"),
                ("ROW_REMAP_FAILURE", "no spare row"),
                ("UNCORRECTABLE_REMAPPED_ROWS", "replaced after an error"),
            )
        ),
        steps=(Step(value=1, colour=Colour.LOOK),),
        width=8,
    )


def _heat(view: View, celsius: int) -> Iterator[Panel]:
    yield Panel(
        title="Hottest GPUs",
        text=f"The 10 hottest. Above the line, {celsius} degrees Celsius, an alert is told: the GPU slows down and "
        "costs the same. Several on one node are the machine's fault.",
        kind=Kind.LINES,
        unit=Unit.CELSIUS,
        questions=(Question(expr=f"topk(10, {_worst(view, 'GPU_TEMP')})", legend="{{node}} GPU {{gpu}}"),),
        steps=(Step(value=celsius, colour=Colour.ACT),),
        has_step_lines=True,
    )
    yield Panel(
        title="Hottest memory of GPUs",
        text="The 10 hottest. It fails first by heat; one that is far above the others has a bad contact: give the "
        "machine back.",
        kind=Kind.LINES,
        unit=Unit.CELSIUS,
        questions=(Question(expr=f"topk(10, {_worst(view, 'MEMORY_TEMP')})", legend="{{node}} GPU {{gpu}}"),),
    )
    yield Panel(
        title="Time in which the worst GPU is held back, by reason",
        text="By power is usual under full load. By heat, its own safety or its board is not: find the node in the "
        "table beside and give it back.",
        kind=Kind.LINES,
        unit=Unit.RATIO,
        questions=tuple(
            Question(expr=f"max({_held_back(view, field)})", legend=called) for field, called in _HOLDS_BACK
        ),
        most=1,
    )
    lost = " + ".join(_held_back(view, field) for field, _ in _HOLDS_BACK if field in ("THERMAL", "RELIABILITY"))
    yield Panel(
        title="GPUs that are held back most",
        text="Part of the last 5 minutes that heat and the GPU's own safety took. Jobs there take longer and are paid "
        "for longer, and so are those that wait for them in a gang.",
        kind=Kind.TABLE,
        unit=Unit.RATIO,
        questions=(Question(expr=f"topk(15, {lost})", legend="Held back"),),
        columns=(
            *((("cluster", "Cluster"),) if view.label else ()),
            ("node", "Node"),
            ("gpu", "GPU"),
            ("UUID", "UUID"),
        ),
    )
    yield Panel(
        title="Power of GPUs, by model",
        text="Mean of all GPUs. One that is busy and draws little does no work: see what its pods wait for.",
        kind=Kind.LINES,
        unit=Unit.WATT,
        questions=(
            Question(
                expr=f"avg by (modelName) (max by ({_of_gpu(view)}, modelName) ({_device(view, 'POWER_USAGE')}))",
                legend="{{modelName}}",
            ),
        ),
        width=24,
        height=6,
    )


def _of_gpu(view: View) -> str:
    return f"{view.of_node}, gpu, UUID"


def _device(view: View, field: str) -> str:
    return view.device(view.metric(f"DCGM_FI_DEV_{field}"))


def _worst(view: View, field: str) -> str:
    """Return a field of each GPU once: DCGM repeats it for each pod that shares the GPU, and for each instance."""
    return f"max by ({_of_gpu(view)}) ({_device(view, field)})"


def _failed(view: View) -> str:
    """Return the GPUs with an error."""
    xid = " ".join((f"{_worst(view, 'XID_ERRORS')} > 0", *(f"!= {number}" for number in APPLICATION_XIDS)))
    others = (f"{_worst(view, field)} > 0" for field in ("ECC_DBE_VOL_TOTAL", "ROW_REMAP_FAILURE"))
    return f"({' or '.join((xid, *others))})"


def _held_back(view: View, field: str) -> str:
    rate = view.device(f"rate({view.metric(f'DCGM_FI_DEV_{field}_VIOLATION')}[5m])")
    return f"max by ({_of_gpu(view)}) ({rate}) / {_NANOSECONDS}"
