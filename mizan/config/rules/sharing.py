"""Rules about sharing: a GPU can be shared so, somebody sets it up, and quotas count what comes of it."""

import re
from collections.abc import Iterator

from mizan.catalogue import GpuModel, gpu_models, machines
from mizan.config.faults import ConfigFault
from mizan.config.models import Cloud, GpuDriver
from mizan.config.models.sharing import PROFILE_PATTERN
from mizan.config.part import Part
from mizan.sharing import (
    MOST_REPLICAS,
    GpuSharing,
    Manager,
    SharingMode,
    pool_layout,
    sharing_of,
    unfit_layout,
)

_CUT = (SharingMode.MIG, SharingMode.DRA)
_TURNS = (SharingMode.TIME_SLICING, SharingMode.MPS)


def mode_of(pool: Part) -> SharingMode | None:
    """Return how a pool is shared, None where that is written wrongly."""
    sharing = pool["sharing"]
    if not pool.has("sharing"):
        return SharingMode.NONE
    if not sharing.has("mode"):
        return SharingMode.NONE if sharing.is_mapping else None
    written = sharing["mode"].text
    return SharingMode(written) if written in set(SharingMode) else None


def manager_of(stack: Part, pool: Part) -> Manager | None:
    """Return who sets a pool's sharing up, None where that is written wrongly."""
    written = pool["sharing"]["manager"]
    if written.value is not None:
        return Manager(written.text) if written.text in set(Manager) else None
    is_gke = stack["cloud"].text == Cloud.GKE and mode_of(pool) is not SharingMode.DRA
    return Manager.GKE if is_gke else Manager.OPERATOR


def sharing_in(stack: Part, pool: Part) -> GpuSharing | None:
    """Return what sharing makes of a pool's GPUs, None where something of it is at fault."""
    gpu, mode, manager = _gpu(pool), mode_of(pool), manager_of(stack, pool)
    faults = (*_faults_of_mode(pool), *_faults_of_layout(pool), *_faults_of_replicas(pool))
    if gpu is None or mode is None or manager is None or faults or (manager is Manager.GKE and _is_written_out(pool)):
        return None
    if not _is_sound(pool["sharing"], mode):
        return None
    profile, layout = pool["sharing"]["profile"].text, pool["sharing"]["layout"].value
    cut = pool_layout(gpu, profile, layout if isinstance(layout, dict) else None)
    return sharing_of(gpu, mode, manager, layout=cut, replicas=pool["sharing"]["replicas"].number)


def _is_sound(sharing: Part, mode: SharingMode) -> bool:
    """Return whether every value that a mode reads is of its kind; the models report those that are not."""
    if mode in _TURNS:
        return (sharing["replicas"].number or 0) > 1
    is_read = mode in _CUT
    return not is_read or (
        (not sharing.has("profile") or _is_profile(sharing["profile"]))
        and (not sharing.has("layout") or sharing["layout"].is_mapping)
    )


def _is_profile(part: Part) -> bool:
    return re.fullmatch(PROFILE_PATTERN, part.text or "") is not None


def sharing_says_what_its_mode_needs(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each pool whose sharing lacks what its mode needs, or says what it has no use for."""
    for pool in stack["pools"].items:
        yield from _faults_of_mode(pool)


def _faults_of_mode(pool: Part) -> Iterator[ConfigFault]:
    mode, sharing = mode_of(pool), pool["sharing"]
    if mode is None or not sharing.is_mapping:
        return
    yield from _unused(sharing, mode)
    cuts = [key for key in ("profile", "layout") if sharing.has(key)]
    if mode in _CUT and len(cuts) > 1:
        yield ConfigFault(
            sharing["layout"].path,
            "both `profile` and `layout`",
            needs="one of the two",
            because="a profile cuts the whole GPU into its instances, a layout says each of them",
            fix="Keep `layout` where the instances differ, else `profile`",
        )
    if mode is SharingMode.MIG and not cuts:
        yield ConfigFault(
            (*sharing.path, "profile"),
            "nothing",
            needs="a profile or a layout",
            because="MIG cuts a GPU into what they say",
            fix=f"Add `profile: {_example(pool)}`",
        )
    if mode in _TURNS and not sharing.has("replicas"):
        yield ConfigFault(
            (*sharing.path, "replicas"),
            "nothing",
            needs="a number of replicas",
            because="it says how many pods share a GPU, and so what each of them pays",
            fix="Add `replicas: 4`",
        )


def _unused(sharing: Part, mode: SharingMode) -> Iterator[ConfigFault]:
    """Yield a fault for each key that a mode has no use for."""
    reasons = {
        "profile": "MPS shares whole GPUs and does not run on MIG instances"
        if mode is SharingMode.MPS
        else f"`{mode}` cuts no GPU into instances",
        "replicas": "pods take turns with `time-slicing` and `mps` alone",
    }
    reasons["layout"] = reasons["profile"]
    for key, because in reasons.items():
        fits = mode in (_TURNS if key == "replicas" else _CUT)
        if sharing.has(key) and not fits:
            yield ConfigFault(
                sharing[key].path,
                sharing[key].value,
                needs=f"no `{key}` with mode {mode}",
                because=because,
                fix=f"Remove `{key}`, or write `mode: {'time-slicing' if key == 'replicas' else 'mig'}`",
            )
    if sharing.has("manager") and mode is SharingMode.NONE:
        yield ConfigFault(
            sharing["manager"].path,
            sharing["manager"].value,
            needs="no `manager` with mode none",
            because="nobody sets up what is not shared; whose driver a node of GKE has, `gke.driver` says",
            fix="Remove `manager`, or write how the GPUs are shared",
        )


def gpus_can_be_shared_so(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each layout that does not fit its GPU, and for each GPU that pods cannot share so."""
    for pool in stack["pools"].items:
        yield from _faults_of_layout(pool)
        yield from _faults_of_replicas(pool)


def _faults_of_layout(pool: Part) -> Iterator[ConfigFault]:
    gpu, sharing = _gpu(pool), pool["sharing"]
    if gpu is None or mode_of(pool) not in _CUT:
        return
    part = sharing["layout" if sharing.has("layout") else "profile"]
    written = part.value if sharing.has("layout") else {part.text: 1} if _is_profile(part) else None
    asked = written if isinstance(written, dict) else {}
    counts = [count for count in asked.values() if not isinstance(count, int) or isinstance(count, bool) or count < 1]
    if counts or (sharing.has("layout") and part.is_mapping and not asked):
        yield ConfigFault(
            part.path,
            part.value,
            needs="profiles, each with how many of it, at least 1",
            because="a layout says each instance of a GPU",
            fix=f"Write `{{{_example(pool)}: 1}}`, or leave out what there is none of",
        )
        return
    unfit = unfit_layout(gpu, {str(name): count for name, count in asked.items()}) if asked else None
    if unfit is not None:
        named = f"profile {unfit.observed}" if unfit.profile else unfit.observed
        yield ConfigFault(
            part.path,
            named,
            needs=unfit.needs,
            because=unfit.because,
            fix=f"Write profiles of {gpu.name} that fit together"
            if gpu.has_mig
            else "Write `mode: time-slicing`, or take machines with A100, A30, H100 or newer",
        )


def _faults_of_replicas(pool: Part) -> Iterator[ConfigFault]:
    gpu, mode, replicas = _gpu(pool), mode_of(pool), pool["sharing"]["replicas"]
    if gpu is None or mode not in _TURNS:
        return
    most = gpu.mps_clients if mode is SharingMode.MPS else MOST_REPLICAS if gpu.has_time_slicing else 0
    if not most:
        yield ConfigFault(
            pool["sharing"]["mode"].path,
            mode.value,
            needs=f"a GPU with {mode}",
            because=f"{gpu.name} ({gpu.architecture}) has none",
            fix="Write `mode: none`, or take another GPU",
        )
    elif replicas.number is not None and replicas.number > most:
        yield ConfigFault(
            replicas.path,
            replicas.number,
            needs=f"at most {most}",
            because=f"{gpu.name} serves no more; each would have {gpu.memory_gib / replicas.number:.2f} GiB",
            fix="Write fewer; 4 is usual for notebooks",
        )


def somebody_sets_the_sharing_up(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each pool whose manager cannot do what it is asked for."""
    is_gke = stack["cloud"].text == Cloud.GKE
    for pool in stack["pools"].items:
        mode, manager, written = mode_of(pool), manager_of(stack, pool), pool["sharing"]["manager"]
        if mode is None or stack["cloud"].text not in set(Cloud):
            continue
        if mode is SharingMode.NONE:
            continue
        if manager is Manager.GKE and not is_gke:
            yield ConfigFault(
                written.path,
                Manager.GKE.value,
                needs="operator",
                because=f"GKE sets up nodes of GKE, and this stack is on {stack['cloud'].text}",
                fix="Leave `manager` out",
            )
        elif manager is Manager.GKE:
            yield from _by_gke(pool, mode)
        elif is_gke:
            yield from _driver_is(
                pool,
                disabled=True,
                because="GKE's own driver installer and device plugin would meet the operator's on one node",
            )


def _by_gke(pool: Part, mode: SharingMode) -> Iterator[ConfigFault]:
    """Yield what GKE's own fields cannot say."""
    sharing = pool["sharing"]
    if mode is SharingMode.DRA:
        yield ConfigFault(
            sharing["manager"].path,
            Manager.GKE.value,
            needs="operator",
            because="claims of devices are answered by NVIDIA's driver, which GKE does not install",
            fix="Leave `manager` out",
        )
    elif _is_written_out(pool):
        yield ConfigFault(
            sharing["layout"].path,
            sharing["layout"].value,
            needs="one profile",
            because="GKE cuts all GPUs of a node pool into instances of one size",
            fix="Write `profile`, or `manager: operator` with `minNodes: 1`",
        )
    else:
        yield from _driver_is(
            pool, disabled=False, because="with the driver off GKE's device plugin is off as well, and shares nothing"
        )


def _driver_is(pool: Part, *, disabled: bool, because: str) -> Iterator[ConfigFault]:
    driver = pool["gke"]["driver"]
    is_disabled = driver.text == GpuDriver.DISABLED
    if driver.value is None or driver.text in set(GpuDriver):
        if is_disabled == disabled:
            return
        needs = GpuDriver.DISABLED.value if disabled else f"{GpuDriver.DEFAULT.value} or {GpuDriver.LATEST.value}"
        yield ConfigFault(
            driver.path,
            driver.text or GpuDriver.DEFAULT.value,
            needs=needs,
            because=because,
            fix=f"Write `gke: {{driver: {needs.partition(' ')[0]}}}`"
            + ("" if mode_of(pool) is SharingMode.DRA or _is_written_out(pool) else ", or choose another `manager`"),
        )


def claims_stand_alone(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each pool beside one with DRA that is not of DRA itself."""
    modes = [(pool, mode_of(pool)) for pool in stack["pools"].items]
    if not any(mode is SharingMode.DRA for _, mode in modes):
        return
    for pool, mode in modes:
        if mode not in (SharingMode.DRA, None):
            yield ConfigFault(
                (*pool.path, "sharing", "mode"),
                mode.value,
                needs="dra, as another pool of the stack",
                because="in a cluster the operator runs its device plugin (ClusterPolicy) or its DRA driver "
                "(GPUCluster), never both",
                fix="Write `mode: dra` for all pools, or for none",
            )


def _gpu(pool: Part) -> GpuModel | None:
    """Return the model of a pool's GPUs, None where that is written wrongly."""
    machine = machines().get(pool["machine"].text or "")
    gpu = gpu_models().get(pool["gpu"].text or "")
    return gpu if machine is not None and gpu is not None and machine.gpu.name == gpu.name else None


def _is_written_out(pool: Part) -> bool:
    return pool["sharing"].has("layout")


def _example(pool: Part) -> str:
    gpu = _gpu(pool)
    return gpu.mig_profiles[0].name if gpu and gpu.mig_profiles else "1g.5gb"
