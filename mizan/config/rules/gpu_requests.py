"""Rules about what workloads ask for of GPUs: a pool of their queue offers it, and a pod makes use of all of it."""

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from mizan.catalogue import Machine, gpu_models
from mizan.config.faults import ConfigFault, suggestion
from mizan.config.models import GpuRequest
from mizan.config.part import Part
from mizan.config.rules.lookup import machine_of
from mizan.config.rules.sharing import sharing_in
from mizan.sharing import WHOLE, GpuPart, GpuSharing, SharingMode

# What a queue's pools have, each with the machine that has it.
Offered = Sequence[tuple[Machine, GpuSharing]]


def jobs_ask_for_gpus_once(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each job that says twice what it asks for, or not at all."""
    for job in stack["jobs"].items:
        if job.has("gpus") and job.has("gpu"):
            yield ConfigFault(
                job["gpu"].path,
                "both `gpus` and `gpu`",
                needs="one of the two",
                because="`gpus: 4` is short for `gpu: {count: 4}`",
                fix="Keep `gpu` where it says more than a count, else `gpus`",
            )
        elif job.is_mapping and not job.has("gpus") and not job.has("gpu"):
            yield ConfigFault(
                (*job.path, "gpus"),
                "nothing",
                needs="`gpus`, or `gpu`",
                because="a queue admits jobs by the GPUs that they ask for",
                fix="Add `gpus: 1`, or `gpu: {count: 1, accepts: [mig]}` for a part of one",
            )


def jobs_ask_for_what_their_queue_offers(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each job that no pool of its queue can serve."""
    for job in stack["jobs"].items:
        if not job.has("gpus") or not job.has("gpu"):
            asked = job["gpu"] if job.has("gpu") else job["gpus"]
            yield from faults_of_request(stack, asked, job["queue"].text)


def faults_of_request(stack: Part, asked: Part, queue: str | None) -> Iterator[ConfigFault]:
    """Yield why no pool of a queue can serve a request, one reason at a time; nothing where the request is unsound.

    Args:
        stack: all of it.
        asked: the request, or the short form of it, a number.
        queue: by name.
    """
    request = request_in(asked)
    if request is None:
        return
    if request.model is not None and request.model not in gpu_models():
        yield ConfigFault(
            asked["model"].path,
            request.model,
            needs="a GPU of the catalogue",
            because="node labels and memory come from mizan/catalogue/gpus.csv",
            fix=suggestion(request.model, gpu_models()),
        )
        return
    pools = [quota["pool"].text for quota in stack["queues"].named(queue)["quotas"].items]
    machines = [machine for pool in pools if (machine := machine_of(stack, pool)) is not None]
    sharings = [each for pool in pools if (each := sharing_in(stack, stack["pools"].named(pool))) is not None]
    # One that is written wrongly may be the one that serves it.
    if not pools or len(machines) < len(pools):
        return
    if len(sharings) < len(pools):
        yield from _too_many(asked, request, machines)
        return
    found = list(_unserved(asked, request, list(zip(machines, sharings, strict=True)), f"queue {queue}"))
    yield from found[:1]


def request_in(asked: Part) -> GpuRequest | None:
    """Return a request, or the short form of it, None where it is written wrongly."""
    written = asked.value if asked.is_mapping else {"count": asked.value}
    try:
        return GpuRequest.model_validate(written)
    except ValidationError:
        return None


def _unserved(asked: Part, request: GpuRequest, offered: Offered, queue: str) -> Iterator[ConfigFault]:
    """Yield the reasons for which nothing on offer serves a request; the first is the one to mend."""
    models = list(dict.fromkeys(sharing.gpu.name for _, sharing in offered))
    if request.model is not None and request.model not in models:
        yield ConfigFault(
            asked["model"].path,
            request.model,
            needs=f"a GPU of {queue}: {', '.join(models)}",
            because="its pools have no other, and the job would wait for ever",
            fix="Write one of them, or leave `model` out",
        )
        return
    of_model = [(machine, sharing) for machine, sharing in offered if request.model in (None, sharing.gpu.name)]
    accepted = [(machine, sharing) for machine, sharing in of_model if sharing.mode in request.accepts]
    if not accepted:
        yield _not_accepted(asked, request, of_model, queue)
        return
    mode = request.mode_among(sharing for _, sharing in accepted)
    if mode is None:
        yield _not_cut_so(asked, request, accepted, queue)
        return
    served = [(machine, part) for machine, sharing in accepted for part in request.parts_of(sharing, mode)]
    yield from _several(asked, [part for _, part in served], accepted, mode, queue)
    yield from _more_than_one_part(asked, request, served[0][1], mode)
    yield from _too_many(asked, request, [machine for machine, _ in served])


def _not_accepted(asked: Part, request: GpuRequest, offered: Offered, queue: str) -> ConfigFault:
    """Return the fault of a request for GPUs that are shared in another way than all those on offer."""
    modes = list(dict.fromkeys(sharing.mode.value for _, sharing in offered))
    because = f"{queue} offers {_words(offered)}, and the job would wait for ever"
    if asked.is_mapping:
        return ConfigFault(
            asked["accepts"].path,
            asked["accepts"].value if asked.has("accepts") else "nothing, which is whole GPUs",
            needs=f"one of {', '.join(modes)}" if len(modes) > 1 else modes[0],
            because=because,
            fix=f"Write `accepts: [{', '.join(modes)}]`, or name another queue",
        )
    (_, first), *_ = offered
    example = first.parts[-1]
    count = request.count if example.name == WHOLE else 1
    profile = f", profile: {example.name}" if len(_named(offered, first.mode)) > 1 else ""
    return ConfigFault(
        asked.path,
        asked.value,
        needs="a queue with whole GPUs",
        because=because,
        fix=f"Write `gpu: {{count: {count}, accepts: [{first.mode}]{profile}}}` instead, or name another queue",
    )


def _not_cut_so(asked: Part, request: GpuRequest, accepted: Offered, queue: str) -> ConfigFault:
    """Return the fault of a request for a MIG profile that nothing on offer has."""
    known = {sharing.gpu.name: [each.name for each in sharing.gpu.mig_profiles] for _, sharing in accepted}
    cut = [mode for mode in (SharingMode.MIG, SharingMode.DRA) if mode in request.accepts]
    offered = [name for mode in cut for name in _named(accepted, mode) if name != WHOLE]
    if not offered:
        return ConfigFault(
            asked["profile"].path,
            request.profile,
            needs="no `profile`",
            because=f"{queue} offers {_words(accepted)}",
            fix="Leave it out, or name a queue whose pools are cut by MIG",
        )
    if not any(request.profile in names for names in known.values()):
        return ConfigFault(
            asked["profile"].path,
            request.profile,
            needs=" or ".join(f"a profile of {gpu}: {', '.join(names)}" for gpu, names in known.items()),
            because="a profile's memory is a part of its GPU's, so each model has its own",
            fix=f"Write a profile that {queue} offers: {', '.join(offered)}",
        )
    return ConfigFault(
        asked["profile"].path,
        request.profile,
        needs=f"a profile that {queue} offers: {', '.join(offered)}",
        because="no pool of it is cut into such instances, and the job would wait for ever",
        fix="Write one of them, or cut a pool so in its `sharing`",
    )


def _several(
    asked: Part, parts: Sequence[GpuPart], accepted: Offered, mode: SharingMode, queue: str
) -> Iterator[ConfigFault]:
    """Yield the fault of a request that several things on offer serve, of which a pod can name only one."""
    if len({part.resource for part in parts}) < 2:
        return
    names = list(dict.fromkeys(part.name for part in parts))
    key, example = ("profile", names[-1]) if len(names) > 1 else ("model", accepted[0][1].gpu.name)
    yield ConfigFault(
        asked[key].path,
        "nothing",
        needs=f"a {key}",
        because=f"{queue} offers {_words([each for each in accepted if each[1].mode is mode])}, and a pod asks for one "
        "of them",
        fix=f"Add `{key}: {example}`",
    )


def _more_than_one_part(asked: Part, request: GpuRequest, part: GpuPart, mode: SharingMode) -> Iterator[ConfigFault]:
    if request.count == 1 or part.name == WHOLE:
        return
    because = (
        "a program sees one MIG instance, so all others of its pod would be paid for and stand idle"
        if mode in (SharingMode.MIG, SharingMode.DRA)
        else f"with {mode} a second part may be the same GPU again and computes nothing more"
    )
    yield ConfigFault(
        asked["count"].path,
        request.count,
        needs="1",
        because=because,
        fix="Write `count: 1`, and more `pods`, a larger part or whole GPUs where one is not enough",
    )


def _too_many(asked: Part, request: GpuRequest, machines: Sequence[Machine]) -> Iterator[ConfigFault]:
    largest = max(machine.gpus for machine in machines)
    if request.count > largest:
        yield ConfigFault(
            asked["count"].path if asked.is_mapping else asked.path,
            request.count,
            needs=f"at most {largest}",
            because="a pod runs on one node, and no machine of its queue has more",
            fix="Ask for fewer, or add a larger machine",
        )


def _named(offered: Offered, mode: SharingMode) -> list[str]:
    """Return the names of the parts on offer that are shared in one way."""
    return list(dict.fromkeys(part.name for _, sharing in offered if sharing.mode is mode for part in sharing.parts))


def _words(offered: Offered) -> str:
    """Return what is on offer, such as `1g.5gb of a100-40gb (mig) and whole t4 (none)`."""
    told = dict.fromkeys(
        f"{'whole' if part.name == WHOLE else f'{part.name} of'} {sharing.gpu.name} ({sharing.mode})"
        for _, sharing in offered
        for part in sharing.parts
    )
    *others, last = told
    return f"{', '.join(others)} and {last}" if others else last
