"""Whether load balancers would be left when a cluster goes."""

from typing import Any

from mizan.plan.load_balancers import refusal, staying


def a_service(name: str, namespace: str, kind: str | None = "LoadBalancer") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"type": kind} if kind else {}}


TEAMS = [{"metadata": {"name": "team-a"}}]


def test_a_service_with_a_load_balancer_stays_unless_a_team_s_namespace_takes_it_along():
    services = [
        a_service("web", "ingress"),
        a_service("web", "team-a"),
        a_service("api", "default"),
        a_service("inner", "default", "ClusterIP"),
        a_service("none", "default", None),
    ]
    assert staying(services, TEAMS) == ("default/api", "ingress/web")


def test_a_cluster_without_any_may_go():
    assert refusal("eks-prod", ()) is None


def test_a_refusal_says_which_services_and_how_they_go():
    assert str(refusal("eks-prod", ("default/api", "ingress/web"))) == (
        "stack eks-prod: Services of type LoadBalancer: default/api, ingress/web; needs none outside the teams' "
        "namespaces before its cluster goes because the load balancers would stay, cost money and hold the network, "
        "with nobody left to delete them. Run `kubectl delete service api --namespace default`, which waits until the "
        "load balancer is gone, for each of them, and destroy again."
    )


def test_a_refusal_names_five_and_counts_the_others():
    text = str(refusal("eks-prod", tuple(f"default/s{number}" for number in range(7))))
    assert "default/s4 and 2 more; needs" in text
    assert "default/s5" not in text
