"""What to know beside the numbers, each with its source. Pure."""

from collections.abc import Iterator, Sequence

from mizan.config import Cloud, CommitmentKind
from mizan.plan import Plan
from mizan.quotas.model import QuotaNeed, Unit

_AWS_QUOTAS = "https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html"
_AWS_RESERVATIONS = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-concepts.html"
_AWS_BLOCKS = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-blocks.html"
_GOOGLE_DEFAULTS = "https://docs.cloud.google.com/kubernetes-engine/docs/concepts/consumption-option"
_GOOGLE_SPOT = "https://docs.cloud.google.com/compute/docs/instances/spot"
_GOOGLE_QUOTAS = "https://docs.cloud.google.com/compute/resource-usage"
_GOOGLE_OPTIONS = "https://docs.cloud.google.com/ai-hypercomputer/docs/consumption-models"
_GOOGLE_RESERVATIONS = "https://docs.cloud.google.com/compute/docs/troubleshooting/troubleshooting-reservation-creation"


def hints(plan: Plan, needs: Sequence[QuotaNeed]) -> tuple[str, ...]:
    """Return what concerns the quotas of this plan; the pages were read on 2026-11-22."""
    return (*_of_all(plan, needs), *_of_aws(plan, needs), *_of_google(plan, needs))


def _of_all(plan: Plan, needs: Sequence[QuotaNeed]) -> Iterator[str]:
    if plan.cloud is Cloud.LOCAL:
        yield "The nodes of this stack are simulated and need no quota; the same machines in a cloud would."
    yield (
        "Needed is what this stack alone can grow to. Other stacks and people of the same account or project count "
        "against the same quotas. A quota is a permission: the cloud may still be out of stock."
    )
    for need in needs:
        if need.row is None:
            yield (
                f"No source names the quota of {need.purchases[0]} {', '.join(need.machines)}. Look it up in the "
                "cloud's own list of quotas before you rely on this pool."
            )


def _of_aws(plan: Plan, needs: Sequence[QuotaNeed]) -> Iterator[str]:
    found = [need for need in needs if need.provider == "aws"]
    kinds = {each.kind for each in plan.commitments if each.provider == "aws"}
    if any(need.row and need.row.starts_at_zero for need in found):
        yield f"AWS: a new account has 0 of each of these, on-demand and spot alike ({_AWS_QUOTAS})."
    if CommitmentKind.RESERVATION in kinds:
        yield (
            "AWS: a capacity reservation counts against the on-demand quota, the part that nobody uses too "
            f"({_AWS_RESERVATIONS})."
        )
    if CommitmentKind.CAPACITY_BLOCK in kinds:
        yield f"AWS: a capacity block has a quota of its own, and none on-demand ({_AWS_BLOCKS})."
    if CommitmentKind.SAVINGS_PLAN in kinds:
        yield "AWS: a savings plan lowers the price alone; its nodes count as on-demand."


def _of_google(plan: Plan, needs: Sequence[QuotaNeed]) -> Iterator[str]:
    found = [need for need in needs if need.provider == "gcp"]
    kinds = {each.kind for each in plan.commitments if each.provider == "gcp"}
    if not found:
        return
    yield (
        "Google: a new project has little GPU quota, or none; it is granted by model and region, and GPUS_ALL_REGIONS "
        f"must hold all of them together ({_GOOGLE_DEFAULTS})."
    )
    if any(need.standard for need in found):
        yield (
            "Google: spot and flex-start count against the preemptible quota. In a region where none was ever "
            "requested they count against the standard one; after the first request only the preemptible one counts, "
            f"even at 0 ({_GOOGLE_SPOT})."
        )
    if not any(need.unit is Unit.VCPUS for need in found):
        yield f"Google: machines of series A2, A3, A4, G2 and G4 need no vCPU quota ({_GOOGLE_QUOTAS}#cpu_quota)."
    if kinds & {CommitmentKind.RESERVATION, CommitmentKind.COMMITTED_USE}:
        yield (
            "Google: reserved and committed nodes count against the standard quota; a reservation beyond it is refused "
            f"({_GOOGLE_RESERVATIONS})."
        )
    if CommitmentKind.DWS_CALENDAR in kinds:
        yield f"Google: a reservation in calendar mode uses no quota ({_GOOGLE_OPTIONS})."
