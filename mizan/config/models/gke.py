"""A cluster on GKE that the stack makes."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from mizan.config.models.base import NAME_LENGTH, NAME_PATTERN, Model, described
from mizan.config.models.moments import Moment
from mizan.config.models.networks import CIDR_PATTERN, AuthorisedNetwork

# Source: https://cloud.google.com/resource-manager/docs/creating-managing-projects, read 2026-11-23.
PROJECT_PATTERN = r"^[a-z][-a-z0-9]{4,28}[a-z0-9]$"
ZONE_PATTERN = r"^[a-z]+-[a-z]+[0-9]+-[a-z]$"
KEY_PATTERN = r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$"


class ReleaseChannel(StrEnum):
    """How soon GKE upgrades the cluster.

    Source: https://cloud.google.com/kubernetes-engine/docs/concepts/release-channels, read 2026-11-23.
    """

    RAPID = "RAPID"
    REGULAR = "REGULAR"
    STABLE = "STABLE"
    EXTENDED = "EXTENDED"


class Weekday(StrEnum):
    """A day of the week, as iCalendar writes it (RFC 5545, section 3.3.10)."""

    MONDAY = "MO"
    TUESDAY = "TU"
    WEDNESDAY = "WE"
    THURSDAY = "TH"
    FRIDAY = "FR"
    SATURDAY = "SA"
    SUNDAY = "SU"


class ExclusionScope(StrEnum):
    """Which upgrades an exclusion keeps away; patches of the control plane go on under all but the first.

    Source: pulumi_gcp 10.2.0 container ClusterMaintenancePolicyMaintenanceExclusionExclusionOptionsArgs, scope.
    """

    NO_UPGRADES = "NO_UPGRADES"
    NO_MINOR_UPGRADES = "NO_MINOR_UPGRADES"
    NO_MINOR_OR_NODE_UPGRADES = "NO_MINOR_OR_NODE_UPGRADES"

    @property
    def keeps_nodes(self) -> bool:
        """Return whether no node is upgraded."""
        return self is not ExclusionScope.NO_MINOR_UPGRADES


class MaintenanceExclusion(Model):
    """A time in which GKE does not upgrade by itself."""

    name: str = described(
        "Name of the exclusion.",
        because="GKE knows it by its name, and whoever finds it there should know what it is for",
        fix="Write a short name such as `big-run`",
        pattern=NAME_PATTERN,
        max_length=NAME_LENGTH,
    )
    start: Moment = described(
        "When it begins; a day means its beginning, UTC.",
        because="GKE upgrades in any maintenance window before it",
        fix="Write a day such as `2027-06-30`, or a moment such as `2027-06-30T06:00:00Z`",
    )
    end: Moment = described(
        "When it is over; a day means its beginning, UTC.",
        because="GKE must upgrade some day: NO_UPGRADES lasts 90 days at most, the others until the version's support "
        "ends",
        fix="Write a later day such as `2027-07-14`, or a moment such as `2027-07-14T06:00:00Z`",
    )
    scope: ExclusionScope = described(
        "What it keeps away: all upgrades, those to a new minor version, or these and all of nodes.",
        because="patches of the control plane end no job, and nodes that are upgraded do",
        fix="Write `NO_UPGRADES`, `NO_MINOR_UPGRADES` or `NO_MINOR_OR_NODE_UPGRADES`",
        default=ExclusionScope.NO_MINOR_OR_NODE_UPGRADES,
    )


class Maintenance(Model):
    """When GKE may upgrade control plane and nodes."""

    days: tuple[Weekday, ...] = described(
        "Days on which it begins.",
        because="an upgrade drains nodes, and a training run goes on from its last checkpoint",
        fix="Write `[SA, SU]`",
        default=(Weekday.SATURDAY, Weekday.SUNDAY),
        min_length=1,
    )
    start_hour: int = described(
        "Hour at which it begins, UTC.",
        because="nobody should be surprised by it",
        fix="Write a whole number from 0 to 23",
        default=2,
        ge=0,
        le=23,
        strict=True,
    )
    # GKE wants at least 48 hours in 32 days, in pieces of at least 4 hours.
    # Source: https://cloud.google.com/kubernetes-engine/docs/concepts/maintenance-windows-and-exclusions,
    # read 2026-11-23.
    hours: int = described(
        "How long it lasts.",
        because="GKE needs at least 48 hours in 32 days, in pieces of at least 4",
        fix="Write whole hours, 4 to 24; one day a week needs 12 or more",
        default=6,
        ge=4,
        le=24,
        strict=True,
    )
    # Source: pulumi_gcp 10.2.0 container ClusterMaintenancePolicyArgs, maintenance_exclusions.
    exclusions: tuple[MaintenanceExclusion, ...] = described(
        "Times in which GKE does not upgrade.",
        because="an upgrade gives a node's jobs an hour and then ends them, and some runs take longer than a week",
        fix="Add `- {name: big-run, start: 2027-06-30, end: 2027-07-14}`",
        default=(),
        max_length=20,
    )


class GkeNetwork(Model):
    """The VPC: one that exists, or ranges for one that the stack makes."""

    network: str | None = described(
        "Name of an existing VPC; left out, the stack makes one.",
        because="many organisations share one VPC",
        fix="Write a name such as `shared-vpc`, with `subnetwork`, `podsRange` and `servicesRange`, or leave it out",
        default=None,
        min_length=1,
    )
    subnetwork: str | None = described(
        "Name of its subnetwork in the stack's region.",
        because="nodes get their addresses there",
        fix="Write a name such as `gpu-nodes`",
        default=None,
        min_length=1,
    )
    pods_range: str | None = described(
        "Name of that subnetwork's secondary range for pods.",
        because="a VPC-native cluster takes pod addresses from it",
        fix="Write a name such as `pods`",
        default=None,
        min_length=1,
    )
    services_range: str | None = described(
        "Name of its secondary range for services.",
        because="a VPC-native cluster takes service addresses from it",
        fix="Write a name such as `services`",
        default=None,
        min_length=1,
    )
    nodes_cidr: str = described(
        "Addresses of nodes in the VPC that the stack makes.",
        because="it must not overlap what the VPC reaches",
        fix="Write a range such as `10.0.0.0/20`",
        default="10.0.0.0/20",
        pattern=CIDR_PATTERN,
    )
    pods_cidr: str = described(
        "Addresses of pods there; every node takes 256 of them.",
        because="it must not overlap what the VPC reaches, and a full range stops the autoscaler",
        fix="Write a range such as `10.4.0.0/14`",
        default="10.4.0.0/14",
        pattern=CIDR_PATTERN,
    )
    services_cidr: str = described(
        "Addresses of services there.",
        because="it must not overlap what the VPC reaches",
        fix="Write a range such as `10.8.0.0/20`",
        default="10.8.0.0/20",
        pattern=CIDR_PATTERN,
    )
    control_plane_cidr: str = described(
        "Addresses of the control plane: a range of 16 that nothing else uses.",
        because="private nodes reach the control plane there",
        fix="Write a range of /28 such as `172.16.0.0/28`",
        default="172.16.0.0/28",
        pattern=CIDR_PATTERN,
    )


class SystemPool(Model):
    """Nodes without GPU, on which controllers run."""

    machine: str = described(
        "Machine type without GPU.",
        because="controllers and the system's own pods never share a GPU node",
        fix="Write a type such as `e2-standard-4` or `m7i.xlarge`",
        min_length=1,
    )
    min_nodes: int = described(
        "Fewest nodes, all zones together.",
        because="the controllers that scale everything else must run",
        fix="Write a whole number from 1 to 100",
        default=1,
        ge=1,
        le=100,
        strict=True,
    )
    max_nodes: int = described(
        "Most nodes, all zones together.",
        because="an unlimited pool is an unlimited bill",
        fix="Write a whole number from 1 to 100, at least `minNodes`",
        default=3,
        ge=1,
        le=100,
        strict=True,
    )


class Gke(Model):
    """A GKE cluster that the stack makes; its name is the stack's."""

    project: str = described(
        "Google Cloud project.",
        because="the cluster is made and paid for there",
        fix="Write the project's id, such as `ml-platform-prod`",
        pattern=PROJECT_PATTERN,
    )
    zone: str | None = described(
        "Zone of a zonal cluster; left out, the cluster is regional.",
        because="a zonal control plane is gone with its zone, a regional one is not",
        fix="Write a zone of the stack's region such as `us-central1-a`, or leave it out",
        default=None,
        pattern=ZONE_PATTERN,
    )
    node_zones: tuple[Annotated[str, Field(pattern=ZONE_PATTERN)], ...] = described(
        "Zones of the nodes; left out, GKE takes three of the region, which need not have the GPU.",
        because="not every zone of a region has every GPU",
        fix="Write `[us-central1-a, us-central1-c]`",
        default=(),
        max_length=10,
    )
    release_channel: ReleaseChannel = described(
        "How soon GKE upgrades.",
        because="every upgrade drains nodes",
        fix="Write `RAPID`, `REGULAR`, `STABLE` or `EXTENDED`",
        default=ReleaseChannel.REGULAR,
    )
    network: GkeNetwork = described(
        "The VPC.",
        because="ranges cannot be changed once the cluster stands",
        fix="Write `{network: shared-vpc, subnetwork: gpu, podsRange: pods, servicesRange: services}`, or leave it out",
        default=GkeNetwork(),
    )
    authorised_networks: tuple[AuthorisedNetwork, ...] = described(
        "Who may reach the control plane from outside; this program, too, runs there.",
        because="a control plane that everybody reaches needs only one leaked credential",
        fix="Add `- {name: office, cidr: 203.0.113.0/24}`",
        min_length=1,
        max_length=50,
    )
    secrets_key: str | None = described(
        "Cloud KMS key that encrypts the cluster's secrets; left out, Google's own.",
        because="some rules ask for a key of one's own",
        fix="Write `projects/P/locations/R/keyRings/K/cryptoKeys/N`, or leave it out",
        default=None,
        pattern=KEY_PATTERN,
    )
    deletion_protection: bool = described(
        "Whether a destroy is refused until this is turned off.",
        because="a cluster goes with every job in it",
        fix="Write `true` or `false`",
        default=True,
        strict=True,
    )
    maintenance: Maintenance = described(
        "When GKE may upgrade.",
        because="an upgrade in mid-week drains training nodes",
        fix="Write `{days: [SA, SU], startHour: 2, hours: 6}`, or leave it out",
        default=Maintenance(),
    )
    system_pool: SystemPool = described(
        "Nodes without GPU for controllers.",
        because="queues and monitoring must run while all GPU pools are empty",
        fix="Write `{machine: e2-standard-4, minNodes: 1, maxNodes: 3}`, or leave it out",
        default=SystemPool(machine="e2-standard-4"),
    )
