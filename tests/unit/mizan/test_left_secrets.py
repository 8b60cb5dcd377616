"""Which Secrets of the namespace of monitoring people made, and would lose with it."""

import pytest

from mizan.plan.left_secrets import left_secrets, refusal


def a_secret(name, **changes):
    metadata = {"name": name, "namespace": "mizan-monitoring"} | changes.pop("metadata", {})
    return {"metadata": metadata, "type": "Opaque"} | changes


MADE = {
    "of a release": a_secret("sh.helm.release.v1.opencost.v1", type="helm.sh/release.v1"),
    "of a chart": a_secret("grafana", metadata={"labels": {"app.kubernetes.io/managed-by": "Helm"}}),
    "of the operator": a_secret("prometheus-x", metadata={"ownerReferences": [{"kind": "Prometheus", "name": "x"}]}),
    "of an account": a_secret("default-token-x", type="kubernetes.io/service-account-token"),
    "of the webhook": a_secret("kube-prometheus-stack-admission"),
    "of the stack": a_secret("ours", metadata={"labels": {"app.kubernetes.io/managed-by": "mizan"}}),
    "on its way": a_secret("going", metadata={"deletionTimestamp": "2026-11-23T00:00:00Z"}),
    "let go": a_secret("old", metadata={"labels": {"mizan.dev/goes-with-stack": "true"}}),
}


@pytest.mark.parametrize("made", MADE)
def test_what_nobody_would_miss_is_not_looked_after(made):
    assert left_secrets([MADE[made]]) == ()


def test_what_people_made_is_named_in_order():
    people = [a_secret("slack-webhook"), a_secret("grafana-admin", metadata={"labels": {"app": "grafana"}})]
    no = a_secret("kept", metadata={"labels": {"mizan.dev/goes-with-stack": "false"}})
    assert left_secrets([*people, no, *MADE.values()]) == ("grafana-admin", "kept", "slack-webhook")


def test_a_refusal_says_what_to_keep_and_how_to_let_go():
    assert refusal("prod", ()) is None
    assert str(refusal("prod", ("slack-webhook",))) == (
        "stack prod: Secrets in namespace mizan-monitoring that it has not made: slack-webhook; needs label "
        "mizan.dev/goes-with-stack=true on each before the namespace goes because they go with it, and what is in them "
        "may be nowhere else. Keep what you need (`kubectl -n mizan-monitoring get secret slack-webhook -o yaml`), run "
        "`kubectl -n mizan-monitoring label secret slack-webhook mizan.dev/goes-with-stack=true` for each of them, and "
        "again what you ran."
    )


def test_many_secrets_are_counted():
    told = str(refusal("prod", tuple(f"s{number}" for number in range(7))))
    assert "s0, s1, s2, s3, s4 and 2 more; needs" in told
