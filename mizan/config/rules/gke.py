"""Rules about a cluster on GKE."""

import re
from collections.abc import Iterator

from mizan.catalogue import machines
from mizan.config.faults import ConfigFault
from mizan.config.models import Cloud
from mizan.config.models.gke import KEY_PATTERN, Maintenance, SystemPool
from mizan.config.part import Part

# GKE puts the nodes of a regional cluster into three zones where nobody says it.
# Source: https://cloud.google.com/kubernetes-engine/docs/concepts/regional-clusters, read 2026-11-23.
ZONES_OF_A_REGION = 3

# In 32 days every day of the week comes four times at least.
# Source: https://cloud.google.com/kubernetes-engine/docs/concepts/maintenance-windows-and-exclusions, read 2026-11-23.
MAINTENANCE_HOURS = 48
MAINTENANCE_DAYS = 32
TIMES_A_DAY_COMES = 4

# Source: https://cloud.google.com/compute/docs/labeling-resources, read 2026-11-23.
LABEL_KEY = re.compile(r"[a-z][-_a-z0-9]{0,62}")
LABEL_VALUE = re.compile(r"[-_a-z0-9]{0,63}")
# Google's own begin with `goog`; the others the stack sets itself (mizan/plan/cloud_labels.py, mizan/clouds/gcp).
OWN_LABELS = frozenset({"stack", "managed-by", "pool", "capacity-type"})


def the_gke_section_fits_the_cloud(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where the section is missing on GKE, or there elsewhere, and where another cluster is named."""
    cloud, section = stack["cloud"].text, stack["gke"]
    if cloud == Cloud.GKE and section.value is None:
        yield ConfigFault(
            section.path,
            "nothing",
            needs="the project in which the cluster is made, and who may reach it",
            because="whoever runs this may have the right to several projects",
            fix="Add `{project: ml-platform-prod, authorisedNetworks: [{name: office, cidr: 203.0.113.0/24}]}`",
        )
    if cloud == Cloud.GKE and stack["cluster"].value is not None:
        yield ConfigFault(
            stack["cluster"].path,
            "a cluster",
            needs="no cluster",
            because="on GKE the stack makes its own",
            fix="Remove it, or write `mizan:cloud: existing`",
        )
    if cloud in set(Cloud) - {Cloud.GKE} and section.value is not None:
        yield ConfigFault(
            section.path,
            "a GKE cluster",
            needs="cloud gke",
            because=f"cloud {cloud} has no use for it",
            fix="Remove it, or write `mizan:cloud: gke`",
        )


def pools_say_nothing_of_another_cloud(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each pool with settings that its cloud does not read."""
    strangers = {Cloud.GKE: ("karpenter", "Karpenter makes no nodes on GKE"), Cloud.EKS: ("gke", "EKS is not GKE")}
    key, because = strangers.get(stack["cloud"].text, ("", ""))  # type: ignore[call-overload]  # text or None
    for pool in stack["pools"].items if key else ():
        if pool[key].value is not None:
            yield ConfigFault(
                pool[key].path,
                pool[key].value,
                needs="nothing",
                because=f"{because}, and an ignored setting would silently do nothing",
                fix=f"Remove `{key}`",
            )


def gke_zones_are_of_the_region(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each zone of a stack on GKE that does not lie in its region."""
    region, gke = stack["region"].text, stack["gke"]
    if stack["cloud"].text != Cloud.GKE or region is None:
        return
    pools = (zone for pool in stack["pools"].items for zone in pool["zones"].items)
    for zone in (gke["zone"], *gke["nodeZones"].items, *pools):
        if zone.text is not None and not re.fullmatch(rf"{re.escape(region)}-[a-z]", zone.text):
            yield ConfigFault(
                zone.path,
                zone.text,
                needs=f"a zone of {region}",
                because="a cluster's nodes and its subnetwork lie in one region",
                fix=f"Write a zone such as `{region}-a`",
            )


def gke_may_upgrade_for_48_hours(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where the maintenance window is open for less than GKE wants."""
    window = stack["gke"]["maintenance"]
    days = {day.text for day in window["days"].items} or set(Maintenance().days)
    hours = Maintenance().hours if window["hours"].value is None else window["hours"].number
    if not window.is_mapping or hours is None or TIMES_A_DAY_COMES * len(days) * hours >= MAINTENANCE_HOURS:
        return
    least = -(-MAINTENANCE_HOURS // (TIMES_A_DAY_COMES * len(days)))
    yield ConfigFault(
        window["hours"].path,
        hours,
        needs=f"at least {least}",
        because=f"GKE wants {MAINTENANCE_HOURS} hours in {MAINTENANCE_DAYS} days, and "
        f"{'a day comes' if len(days) == 1 else f'{len(days)} days come'} "
        f"{TIMES_A_DAY_COMES * len(days)} times in them",
        fix=f"Write {least}, or add a day to `days`",
    )


def the_system_pool_of_gke_is_sound(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where its limits cross, it has no node for a zone, or its machine has a GPU or is another's."""
    gke = stack["gke"]
    pool = gke["systemPool"]
    least, most = (
        SystemPool.model_fields[name].default if pool[key].value is None else pool[key].number
        for name, key in (("min_nodes", "minNodes"), ("max_nodes", "maxNodes"))
    )
    zones = len(gke["nodeZones"].items) or (ZONES_OF_A_REGION if gke["zone"].value is None else 1)
    if gke.is_mapping and least is not None and most is not None and most < max(least, zones):
        yield ConfigFault(
            pool["maxNodes"].path,
            most,
            needs=f"at least the {least} of `minNodes`" if most < least else f"at least {zones}",
            because="the most cannot be less than the fewest"
            if most < least
            else f"GKE begins with a node in each of {zones} zones",
            fix=f"Write `{max(least, zones)}`" + ("" if most < least else ", or name fewer zones in `nodeZones`"),
        )
    machine = pool["machine"]
    if machine.text is not None and (machine.text in machines() or "." in machine.text):
        yield ConfigFault(
            machine.path,
            machine.text,
            needs="a machine of Google without GPU",
            because="controllers run there, and GPU nodes keep them off",
            fix="Write a type such as `e2-standard-4`",
        )


def the_secrets_key_of_gke_is_of_the_region(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for a key of another location; a zonal cluster, too, takes one of its region.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/encrypting-secrets, read 2026-11-23.
    """
    key, region = stack["gke"]["secretsKey"], stack["region"].text
    if key.text is None or region is None or not re.fullmatch(KEY_PATTERN, key.text):
        return
    if key.text.split("/")[3] != region:
        yield ConfigFault(
            key.path,
            key.text,
            needs=f"a key in {region}",
            because="a cluster encrypts its secrets with a key of its own region; GKE takes no global one",
            fix=f"Write a key of `locations/{region}`, or leave it out",
        )


def labels_are_google_s(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each label that Google refuses, or that the stack sets itself."""
    labels = stack["labels"]
    if stack["cloud"].text != Cloud.GKE or not isinstance(labels.value, dict):
        return
    for key in labels.value:
        value = labels[key]
        if key in OWN_LABELS or str(key).startswith("goog"):
            yield ConfigFault(
                value.path,
                value.value,
                needs="another key",
                because="Google keeps it for itself" if key not in OWN_LABELS else "the stack sets it itself",
                fix=f"Rename `{key}`",
            )
        elif not isinstance(key, str) or not LABEL_KEY.fullmatch(key):
            yield ConfigFault(
                value.path,
                key,
                needs="a key of small letters, digits, dashes and underscores, a letter first, at most 63",
                because="Google refuses other label keys",
                fix="Write a key such as `environment`",
            )
        elif value.text is not None and not LABEL_VALUE.fullmatch(value.text):
            yield ConfigFault(
                value.path,
                value.text,
                needs="small letters, digits, dashes and underscores, at most 63",
                because="Google refuses other label values",
                fix="Write a value such as `prod`",
            )


def checkpoints_need_a_cloud(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for object storage where the stack makes nothing in a cloud."""
    section, cloud = stack["checkpoints"], stack["cloud"].text
    if section.value is not None and cloud in (Cloud.LOCAL, Cloud.EXISTING):
        yield ConfigFault(
            section.path,
            "object storage",
            needs="cloud gke or eks",
            because=f"on cloud {cloud} the stack makes nothing outside the cluster",
            fix="Remove it, and write the address of your own bucket to the jobs' `checkpoint.dir`",
        )
