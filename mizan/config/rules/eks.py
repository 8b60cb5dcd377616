"""Rules about a cluster on EKS."""

import re
from collections.abc import Iterator, Mapping

from mizan import keys, versions
from mizan.catalogue import machines
from mizan.config.faults import ConfigFault
from mizan.config.models import Cloud
from mizan.config.models.eks import RETENTION_DAYS
from mizan.config.models.gke import SystemPool
from mizan.config.part import Part

MACHINE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")
# A `g` behind the generation's digit is Graviton: m7g, c7gn, t4g, im4gn.
# Source: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html, read 2026-11-23.
GRAVITON = re.compile(r"[a-z]+[0-9]+[a-z]*g[a-z]*\.")

# Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html, read 2026-11-23.
TAG_KEY = re.compile(r"[\w .:/=+@-]{1,128}", re.ASCII)
TAG_VALUE = re.compile(r"[\w .:/=+@-]{0,256}", re.ASCII)
# What AWS, EKS and Karpenter write themselves. Source: as above; aws/karpenter-provider-aws@v1.14.1 pkg/apis/crds/
# karpenter.k8s.aws_ec2nodeclasses.yaml, tags.
KEPT_TAGS = ("aws:", "eks:", "kubernetes.io/", "karpenter.sh/", "karpenter.k8s.aws/")
OWN_TAGS = frozenset({"stack", "managed-by", "Name", keys.POOL})


def the_eks_section_fits_the_cloud(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where the section is missing on EKS, or there elsewhere, and where another cluster is named."""
    cloud, section = stack["cloud"].text, stack["eks"]
    if cloud == Cloud.EKS and section.value is None:
        yield ConfigFault(
            section.path,
            "nothing",
            needs="the account in which the cluster is made",
            because="whoever runs this may have credentials of several accounts",
            fix="Add `{account: '123456789012'}`",
        )
    if cloud == Cloud.EKS and stack["cluster"].value is not None:
        yield ConfigFault(
            stack["cluster"].path,
            "a cluster",
            needs="no cluster",
            because="on EKS the stack makes its own",
            fix="Remove it, or write `mizan:cloud: existing`",
        )
    for part, what in ((section, "an EKS cluster"), (stack["addons"]["karpenter"], "settings of Karpenter")):
        if cloud in set(Cloud) - {Cloud.EKS} and part.value is not None:
            yield ConfigFault(
                part.path,
                what,
                needs="cloud eks",
                because=f"cloud {cloud} has no use for it",
                fix="Remove it, or write `mizan:cloud: eks`",
            )


def the_eks_version_is_known(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for a version of Kubernetes for which no add-ons are pinned."""
    version = stack["eks"]["version"]
    if version.text is not None and version.text not in versions.EKS_ADDONS:
        yield ConfigFault(
            version.path,
            version.text,
            needs=" or ".join(sorted(versions.EKS_ADDONS)),
            because="EKS takes an add-on only at the versions it has for each Kubernetes version",
            fix="Leave it out, or add the add-ons of the version to mizan/versions.py",
        )


def eks_logs_are_kept_for_a_term(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for a number of days that CloudWatch does not know."""
    days = stack["eks"]["logRetentionDays"]
    if days.number is not None and days.number not in RETENTION_DAYS:
        nearest = min(RETENTION_DAYS, key=lambda term: (abs(term - (days.number or 0)), term))
        yield ConfigFault(
            days.path,
            days.number,
            needs="a term that CloudWatch has",
            because="it keeps logs for so many days only: " + ", ".join(map(str, sorted(RETENTION_DAYS))),
            fix=f"Write `{nearest}`",
        )


def the_system_pool_of_eks_is_sound(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where its limits cross, or its machine is none of AWS with an x86 processor."""
    pool = stack["eks"]["systemPool"]
    machine = pool["machine"]
    least, most = (
        SystemPool.model_fields[name].default if pool[key].value is None else pool[key].number
        for name, key in (("min_nodes", "minNodes"), ("max_nodes", "maxNodes"))
    )
    if pool.is_mapping and least is not None and most is not None and least > most:
        yield ConfigFault(
            pool["maxNodes"].path,
            most,
            needs=f"at least the {least} of `minNodes`",
            because="the most cannot be less than the fewest",
            fix=f"Write `{least}`",
        )
    if machine.text and (not MACHINE.fullmatch(machine.text) or machine.text in machines()):
        yield ConfigFault(
            machine.path,
            machine.text,
            needs="a machine of AWS without GPU",
            because="controllers run there, on a node group of EKS",
            fix="Write a type such as `m7i.xlarge`",
        )
    elif machine.text and GRAVITON.match(machine.text):
        yield ConfigFault(
            machine.path,
            machine.text,
            needs="a machine with an x86 processor",
            because="the system nodes start from an x86 image, and so do GPU nodes",
            fix="Write a type such as `m7i.xlarge`",
        )


def the_secrets_key_is_of_the_region(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for a key of another region."""
    key, region = stack["eks"]["secretsKey"], stack["region"].text
    parts = (key.text or "").split(":")
    if len(parts) > 3 and region is not None and parts[3] != region:
        yield ConfigFault(
            key.path,
            key.text,
            needs=f"a key of {region}",
            because="a cluster encrypts its secrets with a key of its own region",
            fix=f"Write the ARN of a key in {region}, or leave it out",
        )


def nobody_enters_eks_twice(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each principal that is named again."""
    entries = [entry["principal"] for entry in stack["eks"]["access"].items]
    for position, entry in enumerate(entries):
        if entry.text is not None and entry.text in [earlier.text for earlier in entries[:position]]:
            yield ConfigFault(
                entry.path,
                entry.text,
                needs="each principal once",
                because="it has one access entry in the cluster",
                fix="Keep the entry with the wider policy",
            )


def labels_on_eks_are_tags(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each label that AWS refuses as a tag, or that somebody else writes."""
    labels = stack["labels"]
    for key in labels.value if stack["cloud"].text == Cloud.EKS and isinstance(labels.value, Mapping) else ():
        text, value = str(key), labels[key]
        if text in OWN_TAGS or text.startswith(KEPT_TAGS):
            yield ConfigFault(
                value.path,
                value.value,
                needs="another key",
                because="the stack sets it itself" if text in OWN_TAGS else "AWS or Karpenter keeps it for itself",
                fix=f"Rename `{text}`",
            )
        elif not TAG_KEY.fullmatch(text) or not TAG_VALUE.fullmatch(value.text or ""):
            yield ConfigFault(
                value.path,
                value.value,
                needs="letters, digits, spaces and .:/=+@_- alone, at most 128 in the key and 256 in the value",
                because="AWS refuses other tags",
                fix="Write a label such as `environment: prod`",
            )
