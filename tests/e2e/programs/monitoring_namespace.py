"""What a stack writes beside somebody else's Prometheus, into a folder; Secrets are those of SECRETS_OF."""

import os

import pulumi
import pulumi_kubernetes as k8s

from components.cost.prometheus import Prometheus, PrometheusArgs
from components.cost.rules import Rules, RulesArgs
from components.cost.secrets import namespace_hooks, refuse_missing_secrets, to_named
from mizan import versions
from mizan.config import Cluster
from tests.monitoring_stacks import EXTERNAL, elsewhere

plan = elsewhere(EXTERNAL | {"headersSecret": "mimir-headers", "rulesInCluster": True})
cluster = Cluster(kubeconfig=os.environ["SECRETS_OF"], context="theirs", name="theirs")
refuse_missing_secrets(plan, cluster)
hooks = namespace_hooks("monitoring", plan, to_named(plan, cluster), outlives_stack=True)
provider = k8s.Provider(
    "folder",
    render_yaml_to_directory=os.environ["RENDERED"],
    opts=pulumi.ResourceOptions(version=versions.EMBEDDED_KUBERNETES_PROVIDER),
)
inside = pulumi.ResourceOptions(providers={"kubernetes": provider})
if os.environ["HAS_MONITORING"] == "yes":
    made = Prometheus("monitoring", PrometheusArgs(plan=plan, namespace_hooks=hooks), inside)
    Rules("rules", RulesArgs(plan=plan, prometheus=(made,)), inside)
