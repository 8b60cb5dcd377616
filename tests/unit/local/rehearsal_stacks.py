"""One resource of every kind, in an order in which a cloud takes them. Inputs may name outputs of those before."""

NETWORK = "gcp:compute/network:Network"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
CLUSTER = "gcp:container/cluster:Cluster"
NODE_POOL = "gcp:container/nodePool:NodePool"
ACCOUNT = "gcp:serviceaccount/account:Account"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
ROLE = "aws:iam/role:Role"
EKS = "aws:eks/cluster:Cluster"


def gcp(out):
    """Yield (kind, name, inputs); `out(name, output)` is what an earlier one gave."""
    yield NETWORK, "net", {"autoCreateSubnetworks": False}
    yield (
        SUBNETWORK,
        "nodes",
        {
            "network": out("net", "selfLink"),
            "ipCidrRange": "10.0.0.0/20",
            "secondaryIpRanges": [
                {"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"},
                {"rangeName": "services", "ipCidrRange": "10.8.0.0/20"},
            ],
        },
    )
    yield "gcp:compute/router:Router", "router", {"network": out("net", "id")}
    yield "gcp:compute/address:Address", "address", {}
    yield (
        "gcp:compute/routerNat:RouterNat",
        "nat",
        {"router": out("router", "name"), "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES"},
    )
    yield (
        "gcp:compute/firewall:Firewall",
        "webhooks",
        {"network": out("net", "name"), "allows": [{"protocol": "tcp", "ports": ["9443"]}]},
    )
    yield ACCOUNT, "node", {"displayName": "Nodes"}
    yield "gcp:kms/keyRing:KeyRing", "ring", {"location": "us-central1"}
    yield "gcp:kms/cryptoKey:CryptoKey", "secrets", {"keyRing": out("ring", "id")}
    yield (
        "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
        "key-user",
        {
            "cryptoKeyId": out("secrets", "id"),
            "role": "roles/cloudkms.cryptoKeyEncrypterDecrypter",
            "member": "serviceAccount:service-123456789012@container-engine-robot.iam.gserviceaccount.com",
        },
    )
    yield "gcp:projects/service:Service", "container", {"service": "container.googleapis.com"}
    yield "gcp:projects/iAMCustomRole:IAMCustomRole", "role", {"title": "R", "permissions": [], "roleId": "reader"}
    yield (
        "gcp:projects/iAMMember:IAMMember",
        "logs",
        {"project": "my-project", "role": "roles/logging.logWriter", "member": out("node", "member")},
    )
    yield (
        CLUSTER,
        "main",
        {
            "location": "us-central1",
            "network": out("net", "id"),
            "subnetwork": out("nodes", "id"),
            "initialNodeCount": 1,
            "removeDefaultNodePool": True,
            "deletionProtection": False,
            "ipAllocationPolicy": {"clusterSecondaryRangeName": "pods", "servicesSecondaryRangeName": "services"},
            "databaseEncryption": {"state": "ENCRYPTED", "keyName": out("secrets", "id")},
            "resourceLabels": {"team": "ml"},
        },
    )
    yield (
        NODE_POOL,
        "gpu-spot",
        {
            "cluster": out("main", "name"),
            "location": "us-central1",
            "autoscaling": {"totalMinNodeCount": 0, "totalMaxNodeCount": 4, "locationPolicy": "ANY"},
            "nodeConfig": {
                "machineType": "a2-highgpu-4g",
                "spot": True,
                "serviceAccount": out("node", "email"),
                "guestAccelerators": [{"type": "nvidia-tesla-a100", "count": 4}],
            },
        },
    )
    yield "gcp:storage/bucket:Bucket", "checkpoints", {"location": "us-central1", "labels": {"team": "ml"}}
    yield (
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        "writer",
        {
            "bucket": out("checkpoints", "name"),
            "role": "roles/storage.objectUser",
            "member": "serviceAccount:my-project.svc.id.goog[team-a/trainer]",
        },
    )
    yield "gcp:storage/managedFolder:ManagedFolder", "team-a", {"bucket": out("checkpoints", "name"), "name": "team-a/"}
    yield (
        "gcp:storage/managedFolderIamMember:ManagedFolderIamMember",
        "team-a-only",
        {
            "bucket": out("checkpoints", "name"),
            "managedFolder": out("team-a", "name"),
            "role": "roles/storage.objectUser",
            "member": "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/ns/a/sa/b",
        },
    )
    yield (
        "gcp:serviceaccount/iAMMember:IAMMember",
        "identity",
        {
            "serviceAccountId": out("node", "name"),
            "role": "roles/iam.workloadIdentityUser",
            "member": "serviceAccount:my-project.svc.id.goog[team-a/trainer]",
        },
    )


def aws(out):
    """Yield (kind, name, inputs); `out(name, output)` is what an earlier one gave."""
    yield VPC, "vpc", {"cidrBlock": "10.0.0.0/16"}
    for index, zone in enumerate(("us-east-1a", "us-east-1b")):
        inputs = {"vpcId": out("vpc", "id"), "cidrBlock": f"10.0.{index}.0/24", "availabilityZone": zone}
        yield SUBNET, f"private-{index}", inputs
    subnets = [out("private-0", "id"), out("private-1", "id")]
    yield "aws:ec2/internetGateway:InternetGateway", "internet", {"vpcId": out("vpc", "id")}
    yield "aws:ec2/eip:Eip", "address", {"domain": "vpc"}
    yield (
        "aws:ec2/natGateway:NatGateway",
        "nat",
        {"allocationId": out("address", "id"), "subnetId": out("private-0", "id")},
    )
    yield "aws:ec2/routeTable:RouteTable", "table", {"vpcId": out("vpc", "id")}
    yield "aws:ec2/tag:Tag", "found-by", {"resourceId": out("table", "id"), "key": "found-by", "value": "name"}
    yield (
        "aws:ec2/route:Route",
        "out",
        {
            "routeTableId": out("table", "id"),
            "destinationCidrBlock": "0.0.0.0/0",
            "natGatewayId": out("nat", "id"),
        },
    )
    yield (
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "of-private-0",
        {"routeTableId": out("table", "id"), "subnetId": out("private-0", "id")},
    )
    yield "aws:ec2/securityGroup:SecurityGroup", "nodes", {"vpcId": out("vpc", "id")}
    yield (
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        "all-out",
        {
            "type": "egress",
            "fromPort": 0,
            "toPort": 0,
            "protocol": "-1",
            "cidrBlocks": ["0.0.0.0/0"],
            "securityGroupId": out("nodes", "id"),
        },
    )
    for direction in ("Ingress", "Egress"):
        yield (
            f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule",
            f"{direction.lower()}-between-nodes",
            {
                "securityGroupId": out("nodes", "id"),
                "referencedSecurityGroupId": out("nodes", "id"),
                "ipProtocol": "-1",
            },
        )
    yield (
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "s3",
        {
            "vpcId": out("vpc", "id"),
            "serviceName": "com.amazonaws.us-east-1.s3",
            "routeTableIds": [out("table", "id")],
        },
    )
    yield "aws:kms/key:Key", "secrets", {"description": "Secrets of the cluster"}
    yield "aws:kms/alias:Alias", "secrets-alias", {"targetKeyId": out("secrets", "keyId")}
    for role in ("cluster", "node", "trainer"):
        yield ROLE, role, {"assumeRolePolicy": "{}"}
    yield "aws:iam/policy:Policy", "read", {"policy": "{}"}
    for name, arn in (("of-aws", "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"), ("own", out("read", "arn"))):
        yield (
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            name,
            {"role": out("cluster", "name"), "policyArn": arn},
        )
    yield "aws:iam/rolePolicy:RolePolicy", "inline", {"role": out("node", "id"), "policy": "{}"}
    yield "aws:iam/instanceProfile:InstanceProfile", "profile", {"role": out("node", "name")}
    yield "aws:iam/serviceLinkedRole:ServiceLinkedRole", "spot", {"awsServiceName": "spot.amazonaws.com"}
    yield (
        EKS,
        "main",
        {
            "roleArn": out("cluster", "arn"),
            "vpcConfig": {"subnetIds": subnets, "endpointPrivateAccess": True},
            "encryptionConfig": {"provider": {"keyArn": out("secrets", "arn")}, "resources": ["secrets"]},
            "tags": {"team": "ml"},
        },
    )
    of_cluster = {"clusterName": out("main", "name")}
    yield (
        "aws:ec2/launchTemplate:LaunchTemplate",
        "template",
        {"vpcSecurityGroupIds": [out("main", "vpcConfig")["clusterSecurityGroupId"]]},
    )
    yield (
        "aws:eks/nodeGroup:NodeGroup",
        "system",
        {
            **of_cluster,
            "nodeRoleArn": out("node", "arn"),
            "subnetIds": subnets,
            "scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 1},
            "launchTemplate": {"id": out("template", "id"), "version": "1"},
        },
    )
    yield "aws:eks/addon:Addon", "coredns", {**of_cluster, "addonName": "coredns"}
    yield "aws:eks/accessEntry:AccessEntry", "entry", {**of_cluster, "principalArn": out("node", "arn")}
    yield (
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "admin",
        {
            **of_cluster,
            "principalArn": out("node", "arn"),
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
            "accessScope": {"type": "cluster"},
        },
    )
    yield (
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "identity",
        {**of_cluster, "namespace": "team-a", "serviceAccount": "trainer", "roleArn": out("trainer", "arn")},
    )
    yield "aws:cloudwatch/logGroup:LogGroup", "logs", {"retentionInDays": 30}
    yield "aws:sqs/queue:Queue", "interruptions", {"messageRetentionSeconds": 300}
    yield "aws:sqs/queuePolicy:QueuePolicy", "allow", {"queueUrl": out("interruptions", "id"), "policy": "{}"}
    yield "aws:cloudwatch/eventRule:EventRule", "spot-warning", {"eventPattern": "{}"}
    yield (
        "aws:cloudwatch/eventTarget:EventTarget",
        "to-queue",
        {"rule": out("spot-warning", "name"), "arn": out("interruptions", "arn")},
    )
    yield "aws:s3/bucket:Bucket", "checkpoints", {}
    of_bucket = {"bucket": out("checkpoints", "bucket")}
    rule = {"id": "old", "status": "Enabled", "expiration": {"days": 30}}
    yield "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "expiry", {**of_bucket, "rules": [rule]}
    yield "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "private", {**of_bucket, "blockPublicAcls": True}
    encryption = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "alias/aws/s3"}}
    yield (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "encrypted",
        {**of_bucket, "rules": [encryption]},
    )
    versioning = {"versioningConfiguration": {"status": "Enabled"}}
    yield "aws:s3/bucketVersioning:BucketVersioning", "versions", {**of_bucket, **versioning}
    yield "aws:s3/bucketPolicy:BucketPolicy", "tls-only", {**of_bucket, "policy": "{}"}
    yield (
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "owner",
        {**of_bucket, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
    )


STACKS = {"gcp": gcp, "aws": aws}


def make_all(client, resources):
    """Make everything; return by name the kind, the id and the outputs, in the order of making."""
    made = {}

    def out(name, output):
        _, identity, outputs = made[name]
        return identity if output == "id" else outputs[output]

    for kind, name, inputs in resources(out):
        identity, outputs = client.make(kind, name, inputs)
        made[name] = (kind, identity, outputs)
    return made
