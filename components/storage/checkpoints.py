"""Where jobs save themselves: the stack's bucket, and each team's way into its own prefix of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.cloud_resource import CloudResource
from components.resource import resource
from mizan.clouds.aws import checkpoints as s3
from mizan.clouds.aws import site as aws_site
from mizan.clouds.gcp import checkpoints as gcs
from mizan.clouds.gcp import site as gcp_site
from mizan.errors import PlatformError
from mizan.manifests.service_accounts import checkpoint_account
from mizan.plan import CheckpointBucket, Plan

GCS_BUCKET = "gcp:storage/bucket:Bucket"
FOLDER = "gcp:storage/managedFolder:ManagedFolder"
FOLDER_MEMBER = "gcp:storage/managedFolderIamMember:ManagedFolderIamMember"

S3_BUCKET = "aws:s3/bucket:Bucket"
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"

# Both clouds' refusals to make a bucket that is there.
# Source: https://cloud.google.com/storage/docs/json_api/v1/status-codes, 409;
# https://errorreference.com/errors/aws/BucketAlreadyOwnedByYou and BucketAlreadyExists beside it, all read 2026-11-23.
TAKEN = re.compile("Error 409|BucketAlready(OwnedByYou|Exists)")


@dataclass(frozen=True, kw_only=True)
class WorkloadIdentity:
    """What Google's identity of pods needs to be known of a cluster on GKE.

    Attributes:
        project_number: of the project that the cluster is in; its id will not do.
    """

    project_number: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class PodIdentity:
    """What Amazon's identity of pods needs to be known of a cluster on EKS."""

    cluster_name: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class CheckpointStorageArgs:
    """The plan of a stack with checkpoints, and what is known of its cluster only once that is there.

    Attributes:
        namespaces: by team, the resource that its namespace comes with.
    """

    plan: Plan
    identity: WorkloadIdentity | PodIdentity
    namespaces: Mapping[str, pulumi.Resource]


class CheckpointStorage(pulumi.ComponentResource):
    """A bucket; and per team a service account and the right to use the team's prefix, which no other team has.

    It needs a provider of the cloud and one of the cluster. On the way down rights go first. A bucket that is kept
    stays with its settings, and nobody asks the cloud to delete it: its refusal would end the destroy, with machines
    still up.

    A bucket that is there already is taken over by its name. Settings that are resources of their own are not: creating
    one writes it over what is there.

    Attributes:
        bucket: its name.
        access: by team, what has to be there before a pod can reach the team's prefix.
    """

    bucket: pulumi.Output[str]
    access: Mapping[str, tuple[pulumi.Resource, ...]]

    def __init__(self, name: str, args: CheckpointStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the bucket, then let each team in.

        Raises:
            ValueError: the plan has no checkpoints.
        """
        if args.plan.checkpoints is None:
            message = f"stack {args.plan.stack} has no checkpoints"
            raise ValueError(message)
        bucket = args.plan.checkpoints
        super().__init__("mizan:components:CheckpointStorage", name, {"region": bucket.region}, opts)
        self._prefix, self._plan, self._bucket = name, args.plan, bucket
        self._namespaces = {team.namespace: args.namespaces[team.namespace] for team in args.plan.teams}
        if isinstance(args.identity, WorkloadIdentity):
            rights = self._of_google(args.identity)
        else:
            rights = self._of_amazon(args.identity)
        self.access = {
            team.namespace: (
                rights[team.namespace],
                resource(name, checkpoint_account(team), self._after(self._namespaces[team.namespace])),
            )
            for team in args.plan.teams
        }
        self.register_outputs({"bucket": self.bucket})

    def _after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(resources))

    def _kept(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        """Return the options of the bucket and its settings: Pulumi forgets those that are kept."""
        options = pulumi.ResourceOptions(retain_on_delete=self._bucket.keep_on_destroy)
        return pulumi.ResourceOptions.merge(self._after(*resources), options)

    def _taken_over(self, left_as_found: tuple[str, ...]) -> pulumi.ResourceOptions:
        """Return the options of the bucket itself; one in Pulumi's state already is not taken over again."""
        if not self._bucket.is_adopted:
            return pulumi.ResourceOptions.merge(self._kept(), pulumi.ResourceOptions(hooks=self._hooks()))
        found = pulumi.ResourceOptions(import_=self._bucket.name, ignore_changes=list(left_as_found))
        return pulumi.ResourceOptions.merge(self._kept(), found)

    def _hooks(self) -> pulumi.ResourceHookBinding:
        """Return what tells a person, beside a cloud's refusal to make the bucket once more, how to go on."""

        def tell(failed: pulumi.ErrorHookArgs) -> bool:
            if fault := fault_behind(failed, self._bucket):
                pulumi.log.error(str(fault), self)
            return False

        return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(f"{self._prefix}-bucket-taken", tell)])

    def _of_google(self, identity: WorkloadIdentity) -> dict[str, pulumi.Resource]:
        """Make the bucket and a managed folder per team; return each team's right to it."""
        name, bucket, site = self._prefix, self._bucket, gcp_site.site_of(self._plan)
        made = CloudResource(
            GCS_BUCKET,
            f"{name}-bucket",
            gcs.bucket_args(bucket, site, self._plan.cloud_labels),
            self._taken_over(gcs.LEFT_AS_FOUND),
        )
        self.bucket = made.output("name")
        rights: dict[str, pulumi.Resource] = {}
        for team, namespace in self._namespaces.items():
            # Never kept: it is a team's right and holds nothing, objects in the bucket stay without it.
            folder = CloudResource(FOLDER, f"{name}-{team}/folder", gcs.folder_args(bucket, team), self._after(made))
            # The namespace stands for its cluster: a project has no identities of pods before its first cluster.
            rights[team] = CloudResource(
                FOLDER_MEMBER,
                f"{name}-{team}/member",
                gcs.member_args(bucket, team, member=_principal(site, identity, team)),
                self._after(folder, namespace),
            )
        return rights

    def _of_amazon(self, identity: PodIdentity) -> dict[str, pulumi.Resource]:
        """Make the bucket and a role per team; return what gives each team's role to its pods."""
        name, bucket, site = self._prefix, self._bucket, aws_site.site_of(self._plan)
        made = self._s3_bucket(bucket, site)
        rights: dict[str, pulumi.Resource] = {}
        for team, namespace in self._namespaces.items():
            role = CloudResource(
                ROLE, f"{name}-{team}/role", s3.team_role_args(site, team), self._after(), outputs=("arn",)
            )
            policy = CloudResource(
                ROLE_POLICY,
                f"{name}-{team}/policy",
                s3.team_policy_args(bucket, site, team, role=role.output("name")),
                self._after(),
            )
            rights[team] = CloudResource(
                ASSOCIATION,
                f"{name}-{team}/association",
                s3.association_args(team, cluster_name=identity.cluster_name, role_arn=role.output("arn")),
                self._after(made, policy, namespace),
            )
        return rights

    def _s3_bucket(self, bucket: CheckpointBucket, site: aws_site.Site) -> pulumi.Resource:
        """Make the bucket with its settings; return the last of them."""
        name = self._prefix
        made = CloudResource(S3_BUCKET, f"{name}-bucket", s3.bucket_args(bucket), self._taken_over(s3.LEFT_AS_FOUND))
        self.bucket = made.output("bucket")
        closed = CloudResource(PUBLIC_ACCESS, f"{name}-public-access", s3.public_access_args(bucket), self._kept(made))
        CloudResource(ENCRYPTION, f"{name}-encryption", s3.encryption_args(bucket), self._kept(made))
        CloudResource(LIFECYCLE, f"{name}-lifecycle", s3.lifecycle_args(bucket), self._kept(made))
        # S3 refuses two changes of who may enter at the same time.
        return CloudResource(BUCKET_POLICY, f"{name}-tls", s3.bucket_policy_args(bucket, site), self._kept(closed))


def fault_behind(failed: pulumi.ErrorHookArgs, bucket: CheckpointBucket) -> PlatformError | None:
    """Return what stands behind a failure of the bucket: it is there already; None where it is anything else."""
    if failed.failed_operation != "create" or not any(TAKEN.search(error) for error in failed.errors):
        return None
    return PlatformError(
        "mizan:checkpoints",
        f"bucket {bucket.name} is there already",
        needs="`adopt: true`",
        because="a stack that was destroyed with `keepOnDestroy: true` has left it, and no second one is made",
        fix="Write `adopt: true` below `mizan:checkpoints` and update again; docs/guide/checkpoints.md tells the rest",
    )


def _principal(site: gcp_site.Site, identity: WorkloadIdentity, team: str) -> pulumi.Output[str]:
    number = pulumi.Output.from_input(identity.project_number)
    return number.apply(lambda known: gcs.principal(site, known, team))
