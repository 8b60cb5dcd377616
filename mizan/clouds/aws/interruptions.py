"""How Karpenter learns that a machine will be taken back: a queue, and the rules that fill it.

Source: aws/karpenter-provider-aws@v1.14.1 (bde0065) website/content/en/docs/getting-started/
getting-started-with-karpenter/cloudformation.yaml; tests/data/test_karpenter_policies.py holds them to it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mizan.clouds.aws.iam import Statement
from mizan.clouds.aws.site import Arguments, Site

# Seconds. A notice that is older says nothing any more.
RETENTION_SECONDS = 300

# What a rule calls the queue.
TARGET = "KarpenterInterruptionQueueTarget"


@dataclass(frozen=True, kw_only=True)
class Event:
    """What EventBridge passes on to the queue."""

    source: str
    detail_type: str


# By the ending of the rule's name.
EVENTS: Mapping[str, Event] = MappingProxyType(
    {
        "karpenter-health": Event(source="aws.health", detail_type="AWS Health Event"),
        "karpenter-spot": Event(source="aws.ec2", detail_type="EC2 Spot Instance Interruption Warning"),
        "karpenter-rebalance": Event(source="aws.ec2", detail_type="EC2 Instance Rebalance Recommendation"),
        "karpenter-state": Event(source="aws.ec2", detail_type="EC2 Instance State-change Notification"),
        "karpenter-reservation": Event(
            source="aws.ec2", detail_type="EC2 Capacity Reservation Instance Interruption Warning"
        ),
    }
)


def queue_args(site: Site) -> Arguments:
    """Return the arguments of the queue of interruptions."""
    return {
        "name": site.cluster,
        "message_retention_seconds": RETENTION_SECONDS,
        "sqs_managed_sse_enabled": True,
    }


def queue_statements(site: Site) -> list[Statement]:
    """Return who may write into the queue, and that nobody does so without TLS."""
    return [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["events.amazonaws.com", "sqs.amazonaws.com"]},
            "Action": "sqs:SendMessage",
            "Resource": site.queue_arn,
        },
        {
            "Sid": "DenyHTTP",
            "Effect": "Deny",
            "Action": "sqs:*",
            "Resource": site.queue_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            "Principal": "*",
        },
    ]


def rule_args(site: Site) -> dict[str, Arguments]:
    """Return the arguments of the five rules, by the ending of each one's name."""
    return {
        name: {
            "name": f"{site.cluster}-{name}",
            "description": event.detail_type,
            "event_pattern": json.dumps({"source": [event.source], "detail-type": [event.detail_type]}),
        }
        for name, event in EVENTS.items()
    }
