"""What AWS answers."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from local.rehearsal.functions.asked import Asked
from local.rehearsal.kinds.aws_network import CLUSTER, SUBNET, VPC
from local.rehearsal.store import Condition, Record
from local.rehearsal.templates import seed_of
from local.rehearsal.values import Values
from local.rehearsal.zones import zone_id_of_aws, zones_of_aws

_SUFFIXES = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}
_POLICY_VERSION = "2012-10-17"


def _caller(asked: Asked) -> Values:
    account, partition = asked.settings["account"], asked.settings["partition"]
    arn = f"arn:{partition}:sts::{account}:assumed-role/rehearsal/simulated"
    return {"id": account, "accountId": account, "arn": arn, "userId": "AROASIMULATED:simulated"}


def _zones(asked: Asked) -> Values:
    region = asked.setting("region")
    names = [zone for zone in zones_of_aws(region) if zone not in asked.arguments.get("excludeNames", [])]
    ids = [zone_id_of_aws(zone) for zone in names]
    return {**asked.arguments, "id": region, "region": region, "names": names, "zoneIds": ids, "groupNames": [region]}


def _partition(asked: Asked) -> Values:
    partition = str(asked.settings["partition"])
    suffix = _SUFFIXES[partition]
    reverse = ".".join(reversed(suffix.split(".")))
    return {"id": partition, "partition": partition, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


def _region(asked: Asked) -> Values:
    region = str(asked.arguments.get("name") or asked.setting("region"))
    endpoint = f"ec2.{region}.amazonaws.com"
    return {"id": region, "name": region, "region": region, "endpoint": endpoint, "description": "simulated"}


def _parameter(asked: Asked) -> Values:
    """Return a parameter; AWS's own public ones name machine images, and those are all a program can count on."""
    name, region = str(asked.arguments["name"]), asked.setting("region")
    value = f"ami-{seed_of(name)[:17]}" if name.startswith("/aws/service/") else "simulated"
    arn = f"arn:{asked.settings['partition']}:ssm:{region}::parameter{name}"
    known = {"id": name, "name": name, "region": region, "arn": arn, "type": "String", "version": 1}
    return {**asked.arguments, **known, "value": value, "insecureValue": value}


def _policy_document(asked: Asked) -> Values:
    document: Values = {"Version": asked.arguments.get("version", _POLICY_VERSION)}
    if policy := asked.arguments.get("policyId"):
        document["Id"] = policy
    merged = [json.loads(text).get("Statement", []) for text in asked.arguments.get("sourcePolicyDocuments", [])]
    document["Statement"] = [
        *(statement for statements in merged for statement in _as_list(statements)),
        *map(_statement, asked.arguments.get("statements", [])),
    ]
    text = json.dumps(document, separators=(",", ":"))
    return {**asked.arguments, "id": seed_of(text)[:10], "json": json.dumps(document, indent=2), "minifiedJson": text}


def _statement(given: Mapping[str, Any]) -> Values:
    statement: Values = {"Sid": given["sid"]} if given.get("sid") else {}
    statement["Effect"] = given.get("effect", "Allow")
    for name, key in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if given.get(name):
            statement[key] = _one_or_all(given[name])
    for name, key in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(name):
            statement[key] = _principals(given[name])
    if given.get("conditions"):
        statement["Condition"] = _conditions(given["conditions"])
    return statement


def _principals(given: list[Mapping[str, Any]]) -> object:
    if any(principal["type"] == "*" for principal in given):
        return "*"
    return {principal["type"]: _one_or_all(principal["identifiers"]) for principal in given}


def _conditions(given: list[Mapping[str, Any]]) -> Values:
    conditions: Values = {}
    for condition in given:
        conditions.setdefault(condition["test"], {})[condition["variable"]] = _one_or_all(condition["values"])
    return conditions


def _one_or_all(values: list[str]) -> object:
    return values[0] if len(values) == 1 else values


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _cluster_auth(asked: Asked) -> Values:
    name = asked.of(CLUSTER, {"name": asked.arguments["name"]}).id
    return {"id": name, "name": name, "region": asked.setting("region"), "token": "k8s-aws-v1.simulated"}


def _vpc(asked: Asked) -> Values:
    return {**_one(asked, VPC, ("id", "cidrBlock")).facts, "state": "available", "default": False}


def _subnet(asked: Asked) -> Values:
    record = _one(asked, SUBNET, ("id", "cidrBlock", "vpcId", "availabilityZone"))
    return {**record.facts, "state": "available", "defaultForAz": False}


def _subnets(asked: Asked) -> Values:
    region = asked.setting("region")
    ids = sorted(record.id for record in _matching(asked, SUBNET))
    return {"filters": [], "tags": {}, **asked.arguments, "id": region, "region": region, "ids": ids}


# What a filter calls an output. Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSubnets.html,
# read 2026-11-22.
_FILTERS = {
    "vpc-id": "vpcId",
    "subnet-id": "id",
    "availability-zone": "availabilityZone",
    "cidr": "cidrBlock",
    "cidr-block": "cidrBlock",
}


def _one(asked: Asked, kind: str, names: tuple[str, ...]) -> Record:
    wanted = {name: asked.arguments.get(name) for name in names}
    narrowed = Asked(arguments=asked.arguments, settings=asked.settings, records=_matching(asked, kind))
    return narrowed.of(kind, wanted)


def _matching(asked: Asked, kind: str) -> list[Record]:
    """Return the resources of a type with the tags asked for and that pass every filter."""
    return [
        record
        for record in asked.records
        if record.type == kind
        and record.condition is not Condition.KEPT
        and (asked.arguments.get("tags") or {}).items() <= (record.outputs.get("tagsAll") or {}).items()
        and all(_passes(item, record) for item in asked.arguments.get("filters", []))
    ]


def _passes(item: Mapping[str, Any], record: Record) -> bool:
    name = str(item["name"])
    if name.startswith("tag:"):
        return (record.outputs.get("tagsAll") or {}).get(name.removeprefix("tag:")) in item["values"]
    return record.facts.get(_FILTERS.get(name, name)) in item["values"]


FUNCTIONS: Mapping[str, Callable[[Asked], Values]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:ssm/getParameter:getParameter": _parameter,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
    "aws:eks/getClusterAuth:getClusterAuth": _cluster_auth,
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:ec2/getSubnets:getSubnets": _subnets,
}
