"""Rules between the parts of a stack: names exist, are used once, and fit the catalogue and its prices."""

from collections.abc import Mapping
from datetime import date

from mizan.config.faults import ConfigFault
from mizan.config.part import Part
from mizan.config.rules import (
    cluster,
    commitments,
    eks,
    eks_network,
    gke,
    gke_pools,
    jobs,
    kueue,
    maintenance,
    names,
    networks,
    pools,
    prices,
    queues,
    storage,
    teams,
    warm_nodes,
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
    warm_nodes.warm_nodes_come_when_the_schedule_says,
    warm_nodes.warm_nodes_have_a_time_zone,
    warm_nodes.warm_nodes_fit_into_their_pool,
    warm_nodes.priorities_leave_placeholders_theirs,
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
    storage.the_bucket_lies_in_a_region_of_the_cloud,
    cluster.the_cluster_fits_the_cloud,
    cluster.the_embedded_cluster_has_its_own_kueue,
    kueue.frameworks_are_known_to_kueue,
    kueue.waits_grow_to_their_longest,
    eks.the_eks_section_fits_the_cloud,
    pools.pools_are_of_the_stack_s_cloud,
    eks.the_eks_version_is_known,
    eks_network.eks_zones_are_three_of_the_region,
    eks_network.pools_on_eks_have_a_subnet,
    eks_network.a_given_vpc_has_subnets,
    eks_network.the_vpc_is_a_range,
    eks_network.authorised_networks_of_eks_are_ranges,
    eks.eks_logs_are_kept_for_a_term,
    eks.the_system_pool_of_eks_is_sound,
    eks.the_secrets_key_is_of_the_region,
    eks.nobody_enters_eks_twice,
    eks.labels_on_eks_are_tags,
    gke.the_gke_section_fits_the_cloud,
    gke.pools_say_nothing_of_another_cloud,
    gke.gke_zones_are_of_the_region,
    gke.gke_may_upgrade_for_48_hours,
    maintenance.exclusions_are_few_and_named_once,
    gke.the_system_pool_of_gke_is_sound,
    gke.the_secrets_key_of_gke_is_of_the_region,
    gke.labels_are_google_s,
    gke.checkpoints_need_a_cloud,
    gke_pools.node_pools_have_short_names,
    gke_pools.queued_nodes_are_flex_start,
    gke_pools.compact_nodes_fit_one_place,
    gke_pools.surges_have_something_to_upgrade,
    gke_pools.reservations_say_where_they_are,
    networks.an_existing_vpc_is_named_whole,
    networks.ranges_begin_where_they_say,
    networks.nobody_means_everybody,
    networks.ranges_stand_apart,
    networks.the_control_plane_has_its_16_addresses,
    networks.ranges_hold_all_nodes,
)

PRICE_RULES: tuple[PriceRule, ...] = (
    prices.the_region_has_prices,
    prices.pools_are_of_one_cloud,
    prices.offers_have_a_price,
    commitments.clouds_sell_their_own_kinds,
    commitments.commitments_cover_something,
    commitments.commitments_have_what_their_kind_needs,
    maintenance.exclusions_are_ahead_and_no_longer_than_gke_takes,
)


def faults_across(values: Mapping[str, object], book: PriceBook, today: date) -> list[ConfigFault]:
    """Return every fault that the models do not see."""
    stack = Part((), values)
    return [
        *(fault for rule in RULES for fault in rule(stack)),
        *(fault for rule in PRICE_RULES for fault in rule(stack, book, today)),
    ]
