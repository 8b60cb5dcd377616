"""Whom Prometheus asks, and how: the pure part."""

import pytest

from local.control_plane.scraping import Metrics, Target, configuration, own_targets

ADDRESSES = {
    "prometheus": "127.0.0.1:20001",
    "kube-apiserver": "127.0.0.1:20002",
    "kueue": "127.0.0.1:20003",
}


def configured(*targets, **settings):
    return configuration(targets, **{"rules": "rules/*.yml", "scrape_seconds": 15, **settings})


def job(name, *targets):
    (found,) = [entry for entry in configured(*targets)["scrape_configs"] if entry["job_name"] == name]
    return found


def own(**addresses):
    return own_targets(addresses or ADDRESSES, token_file="state/token", authority_file="pki/ca.crt")


def test_everybody_is_asked_every_15_seconds_and_rules_are_evaluated_as_often():
    assert Metrics().scrape_seconds == 15
    assert configured()["global"] == {
        "scrape_interval": "15s",
        "scrape_timeout": "10s",
        "evaluation_interval": "15s",
    }
    assert configured()["rule_files"] == ["rules/*.yml"]


def test_an_answer_may_not_take_longer_than_the_time_until_the_next_question():
    assert configured(scrape_seconds=2)["global"]["scrape_timeout"] == "2s"


def test_series_are_kept_for_15_days_on_2_gb_of_disk_at_most():
    assert (Metrics().kept_days, Metrics().kept_size) == (15, "2GB")


def test_a_target_is_asked_at_its_own_scheme_address_and_path():
    made = job("gpus", Target(job="gpus", url="http://127.0.0.1:9400/nodes/a/metrics"))
    assert made == {
        "job_name": "gpus",
        "honor_timestamps": False,
        "static_configs": [
            {
                "targets": ["127.0.0.1:9400"],
                "labels": {"__scheme__": "http", "__metrics_path__": "/nodes/a/metrics", "instance": "gpus"},
            }
        ],
    }


def test_the_targets_of_one_job_are_told_apart_by_their_instance():
    targets = [Target(job="gpus", url=f"http://127.0.0.1:9400/{name}", instance=name) for name in ("a", "b")]
    made = job("gpus", *targets)
    told = [(entry["labels"]["instance"], entry["labels"]["__metrics_path__"]) for entry in made["static_configs"]]
    assert told == [("a", "/a"), ("b", "/b")]


def test_series_are_labelled_anew_after_those_that_nobody_keeps_have_gone():
    rule = {"action": "replace", "sourceLabels": ["a"], "targetLabel": "b", "regex": "(.+)"}
    made = job("gpus", Target(job="gpus", url="http://127.0.0.1:9400/", kept="DCGM_.+", relabelings=[rule]))
    assert made["metric_relabel_configs"] == [
        {"source_labels": ["__name__"], "regex": "DCGM_.+", "action": "keep"},
        {"action": "replace", "source_labels": ["a"], "target_label": "b", "regex": "(.+)"},
    ]
    assert "honor_labels" not in made


def test_labels_of_an_exporter_win_where_it_is_told_so():
    assert job("gpus", Target(job="gpus", url="http://127.0.0.1:9400/", honor_labels=True))["honor_labels"] is True


def test_two_targets_that_nobody_could_tell_apart_are_refused():
    targets = [Target(job="gpus", url=f"http://127.0.0.1:9400/{name}") for name in ("a", "b")]
    with pytest.raises(ValueError, match="two targets of job gpus are the same instance"):
        configured(*targets)


@pytest.mark.parametrize(
    "other", [{"token_file": "token"}, {"honor_labels": True}, {"relabelings": [{"action": "drop"}]}, {"kept": "a"}]
)
def test_targets_of_one_job_that_would_be_asked_in_different_ways_are_refused(other):
    targets = [
        Target(job="gpus", url="http://127.0.0.1:9400/a", instance="a"),
        Target(job="gpus", url="http://127.0.0.1:9400/b", instance="b", **other),
    ]
    with pytest.raises(ValueError, match="the targets of job gpus are asked in different ways"):
        configured(*targets)


@pytest.mark.parametrize("url", ["127.0.0.1:9400/metrics", "http://127.0.0.1:9400/metrics?a=b", "file:///metrics", ""])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError, match=r"is no address such as http://127\.0\.0\.1:9400/metrics"):
        configured(Target(job="gpus", url=url))


def test_whoever_answers_anybody_is_asked_without_a_token():
    (prometheus,) = (target for target in own() if target.job == "prometheus")
    made = job("prometheus", prometheus)
    assert not {"authorization", "tls_config", "metric_relabel_configs"} & set(made)


def test_the_api_server_sees_a_token_and_shows_a_certificate_of_the_control_plane():
    made = job("kube-apiserver", *own())
    assert made["authorization"] == {"credentials_file": "state/token"}
    assert made["tls_config"] == {"ca_file": "pki/ca.crt"}
    assert made["static_configs"][0]["labels"]["__scheme__"] == "https"


def test_of_the_api_server_only_what_somebody_reads_is_kept():
    (relabelling,) = job("kube-apiserver", *own())["metric_relabel_configs"]
    assert relabelling["action"] == "keep"
    assert "apiserver_request_total" in relabelling["regex"].split("|")


def test_kueue_sees_a_token_and_shows_a_certificate_that_it_made_itself():
    made = job("kueue", *own())
    assert made["authorization"] == {"credentials_file": "state/token"}
    assert made["tls_config"] == {"insecure_skip_verify": True}
    assert "metric_relabel_configs" not in made


def test_who_has_no_address_is_not_asked():
    assert [target.job for target in own(karpenter="127.0.0.1:20004")] == ["karpenter"]
