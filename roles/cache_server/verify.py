"""Checks of the cache_server role: read from the host, compared with the declaration."""

from __future__ import annotations

from roles.cache_server.checks import keeping, serving

# pytest runs, and reports show, them in the order of these names.
test_the_cache_is_at_work = serving.test_the_cache_is_at_work
test_upstreams_answer_through_it = serving.test_upstreams_answer_through_it
test_it_is_no_way_out_for_others = serving.test_it_is_no_way_out_for_others
test_only_the_declared_hosts_may_ask = serving.test_only_the_declared_hosts_may_ask
test_it_keeps_within_its_bounds = keeping.test_it_keeps_within_its_bounds
test_what_it_saved_is_told = keeping.test_what_it_saved_is_told
test_nothing_is_served_where_nothing_is_declared = (
    keeping.test_nothing_is_served_where_nothing_is_declared
)
