"""Accounts, permissions, buckets and keys of Google Cloud. gcp_network.py says where each `source` is."""

from local.rehearsal.kinds.gcp_network import LONG_NAME, POLICY, POLICY_DEFAULT, by
from local.rehearsal.kinds.kind import AutoName, Kind, Names, Reference

ACCOUNT = "gcp:serviceaccount/account:Account"
KEY = "gcp:kms/cryptoKey:CryptoKey"
_BUCKET = "gcp:storage/bucket:Bucket"
_FOLDER = "gcp:storage/managedFolder:ManagedFolder"
_KEY_RING = "gcp:kms/keyRing:KeyRing"


def _is_foreign_member(value: str, names: Names) -> bool:
    """Return whether a member is none of the project's own service accounts.

    People, groups, accounts of Google's and of other projects are known to nobody here; nor are Kubernetes' service
    accounts, whose members end in `]`.
    """
    return not (
        value.startswith("serviceAccount:") and value.endswith(f"@{names.get('project')}.iam.gserviceaccount.com")
    )


_MEMBER = frozenset({"role", "member", "condition"})
_MEMBER_REFERENCE = Reference(path="member", to=((ACCOUNT, "member"),), outside=_is_foreign_member)
_MEMBER_OUTPUTS = {"etag": "{seed:hex12}"}

KINDS = (
    Kind(
        type=ACCOUNT,
        source="resourcemanager/resource_google_service_account.go",
        identity="projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com",
        replaces=frozenset({"accountId", "project"}),
        named=AutoName(property="accountId", longest=30),
        settings=("project",),
        defaults=POLICY_DEFAULT,
        outputs={
            "email": "{accountId}@{project}.iam.gserviceaccount.com",
            "member": "serviceAccount:{email}",
            "name": "{id}",
            "uniqueId": "{seed:digits21}",
        },
        guards=(POLICY,),
    ),
    Kind(
        type="gcp:projects/iAMMember:IAMMember",
        source="../tpgiamresource/resource_iam_member.go",
        identity="{project}/{role}/{member}",
        replaces=_MEMBER | {"project"},
        is_deleted_first=True,
        outputs=_MEMBER_OUTPUTS,
        references=(_MEMBER_REFERENCE,),
    ),
    Kind(
        type="gcp:projects/iAMCustomRole:IAMCustomRole",
        source="resourcemanager/resource_google_project_iam_custom_role.go",
        identity="projects/{project}/roles/{roleId}",
        replaces=frozenset({"roleId", "project"}),
        named=AutoName(property="roleId", longest=255),
        settings=("project",),
        defaults=POLICY_DEFAULT,
        outputs={"name": "{id}", "deleted": False},
        guards=(POLICY,),
    ),
    Kind(
        type="gcp:projects/service:Service",
        source="resourcemanager/resource_google_project_service.go",
        identity="{project}/{service}",
        replaces=frozenset({"service", "project"}),
        settings=("project",),
        defaults=POLICY_DEFAULT,
        guards=(POLICY,),
    ),
    Kind(
        type="gcp:serviceaccount/iAMMember:IAMMember",
        source="../tpgiamresource/resource_iam_member.go",
        identity="{serviceAccountId}/{role}/{member}",
        replaces=_MEMBER | {"serviceAccountId"},
        outputs=_MEMBER_OUTPUTS,
        references=(Reference(path="serviceAccountId", to=by(ACCOUNT)), _MEMBER_REFERENCE),
    ),
    Kind(
        type=_BUCKET,
        source="storage/resource_storage_bucket.go",
        identity="{name}",
        replaces=frozenset(
            {
                *("name", "project", "location", "enableObjectRetention", "customPlacementConfig.dataLocations"),
                "hierarchicalNamespace",
            }
        ),
        named=AutoName(longest=222),
        settings=("project",),
        defaults=POLICY_DEFAULT,
        outputs={
            "selfLink": "https://www.googleapis.com/storage/v1/b/{name}",
            "url": "gs://{name}",
            "timeCreated": "{created}",
            "updated": "{created}",
        },
        references=(Reference(path="encryption.defaultKmsKeyName", to=by(KEY)),),
        guards=(POLICY,),
        # Source: resourceStorageBucketStateImporter in its source; SetLabels in tpgresource/labels.go.
        untold={"forceDestroy": False, "labels": None},
    ),
    Kind(
        type="gcp:storage/bucketIAMMember:BucketIAMMember",
        source="../tpgiamresource/resource_iam_member.go",
        identity="b/{bucket}/{role}/{member}",
        replaces=_MEMBER | {"bucket"},
        outputs=_MEMBER_OUTPUTS,
        references=(Reference(path="bucket", to=by(_BUCKET)), _MEMBER_REFERENCE),
    ),
    Kind(
        type=_FOLDER,
        source="storage/resource_storage_managed_folder.go",
        identity="{bucket}/{name}",
        replaces=frozenset({"bucket", "name"}),
        named=LONG_NAME,
        defaults=POLICY_DEFAULT,
        outputs={
            "selfLink": "https://www.googleapis.com/storage/v1/b/{bucket}/managedFolders/{name}",
            "metageneration": "1",
            "createTime": "{created}",
            "updateTime": "{created}",
        },
        references=(Reference(path="bucket", to=by(_BUCKET)),),
        guards=(POLICY,),
    ),
    Kind(
        type="gcp:storage/managedFolderIamMember:ManagedFolderIamMember",
        source="storage/iam_storage_managed_folder.go, ../tpgiamresource/resource_iam_member.go",
        identity="b/{bucket}/managedFolders/{managedFolder}/{role}/{member}",
        replaces=_MEMBER | {"bucket", "managedFolder"},
        outputs=_MEMBER_OUTPUTS,
        references=(
            Reference(path="bucket", to=by(_BUCKET)),
            Reference(path="managedFolder", to=((_FOLDER, "name"),)),
            _MEMBER_REFERENCE,
        ),
    ),
    Kind(
        type=_KEY_RING,
        source="kms/resource_kms_key_ring.go",
        identity="projects/{project}/locations/{location}/keyRings/{name}",
        replaces=frozenset({"name", "project", "location"}),
        named=LONG_NAME,
        settings=("project",),
        stays=True,
    ),
    Kind(
        type=KEY,
        source="kms/resource_kms_crypto_key.go",
        identity="{keyRing}/cryptoKeys/{name}",
        replaces=frozenset(
            {
                *("name", "keyRing", "cryptoKeyBackend", "destroyScheduledDuration", "importOnly", "purpose"),
                "versionTemplate.protectionLevel",
            }
        ),
        named=LONG_NAME,
        defaults=POLICY_DEFAULT,
        references=(Reference(path="keyRing", to=by(_KEY_RING)),),
        guards=(POLICY,),
        stays=True,
    ),
    Kind(
        type="gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
        source="../tpgiamresource/resource_iam_member.go",
        identity="{cryptoKeyId}/{role}/{member}",
        replaces=_MEMBER | {"cryptoKeyId"},
        outputs=_MEMBER_OUTPUTS,
        references=(Reference(path="cryptoKeyId", to=by(KEY)), _MEMBER_REFERENCE),
    ),
)
