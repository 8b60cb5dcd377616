"""Rules between the parts of a stack: names exist, are used once, and fit the catalogue and its prices."""

from collections.abc import Mapping
from datetime import date

from mizan.config.faults import ConfigFault
from mizan.config.part import Part
from mizan.config.rules import (
    cluster,
    commitments,
    jobs,
    kueue,
    names,
    pools,
    prices,
    queues,
    teams,
    workloads,
)
from mizan.config.rules.lookup import PriceRule, Rule
from mizan.prices import PriceBook

RULES: tuple[Rule, ...] = (
    names.names_are_used_once,
    names.priorities_leave_kubernetes_its_own,
    pools.pools_fit_the_catalogue,
    pools.flex_start_is_google_s,
    pools.a_capacity_type_occurs_once,
    queues.quotas_name_a_flavor,
    queues.a_flavor_has_one_quota,
    queues.a_pool_has_one_kind_of_fallback,
    queues.flavors_have_their_own_names,
    queues.cohorts_exist_and_do_not_circle,
    queues.borrowing_needs_a_cohort_with_a_lender,
    queues.weights_need_fair_sharing,
    workloads.checkpoints_fit_their_interval,
    workloads.jobs_do_more_than_save_themselves,
    workloads.checkpoints_fit_into_the_uptime,
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

PRICE_RULES: tuple[PriceRule, ...] = (
    prices.the_region_has_prices,
    prices.pools_are_of_one_cloud,
    prices.offers_have_a_price,
    commitments.clouds_sell_their_own_kinds,
    commitments.commitments_cover_something,
    commitments.commitments_have_what_their_kind_needs,
)


def faults_across(values: Mapping[str, object], book: PriceBook, today: date) -> list[ConfigFault]:
    """Return every fault that the models do not see."""
    stack = Part((), values)
    return [
        *(fault for rule in RULES for fault in rule(stack)),
        *(fault for rule in PRICE_RULES for fault in rule(stack, book, today)),
    ]
