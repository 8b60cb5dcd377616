"""Rules between the parts of a stack: names exist, are used once, and fit the catalogue and its prices."""

from collections.abc import Mapping

from mizan.config.faults import ConfigFault
from mizan.config.part import Part
from mizan.config.rules import cluster, jobs, kueue, names, pools, prices, queues, teams
from mizan.config.rules.lookup import Rule

RULES: tuple[Rule, ...] = (
    names.names_are_used_once,
    names.priorities_leave_kubernetes_its_own,
    prices.the_region_has_prices,
    pools.pools_fit_the_catalogue,
    prices.offers_have_a_price,
    pools.a_capacity_type_occurs_once,
    queues.quotas_name_a_flavor,
    queues.a_flavor_has_one_quota,
    queues.a_pool_has_one_kind_of_fallback,
    queues.flavors_have_their_own_names,
    queues.cohorts_exist_and_do_not_circle,
    queues.borrowing_needs_a_cohort_with_a_lender,
    queues.weights_need_fair_sharing,
    teams.teams_name_queues,
    teams.teams_own_their_namespace,
    teams.groups_are_people_s,
    teams.removed_teams_are_gone,
    jobs.jobs_name_a_team_and_its_queue,
    jobs.jobs_fit_a_machine,
    jobs.jobs_name_a_priority,
    jobs.checkpoints_outlive_their_node,
    jobs.exit_codes_need_restart_policy_never,
    cluster.the_cluster_fits_the_cloud,
    cluster.the_embedded_cluster_has_its_own_kueue,
    kueue.frameworks_are_known_to_kueue,
    kueue.waits_grow_to_their_longest,
)


def faults_across(values: Mapping[str, object]) -> list[ConfigFault]:
    """Return every fault that the models do not see."""
    return [fault for rule in RULES for fault in rule(Part((), values))]
