"""Checks of the monitoring role: read from the host, compared with the declaration."""

from __future__ import annotations

from roles.monitoring.checks import exporter, notifier, server

# pytest runs, and reports show, them in the order of these names.
test_what_collects_and_tells_is_at_work = exporter.test_what_collects_and_tells_is_at_work
test_the_machines_numbers_can_be_had = exporter.test_the_machines_numbers_can_be_had
test_the_exporter_listens_only_where_it_was_told_to = (
    exporter.test_the_exporter_listens_only_where_it_was_told_to
)
test_the_notifier_has_its_configuration = notifier.test_the_notifier_has_its_configuration
test_the_notifier_looks_and_delivers = notifier.test_the_notifier_looks_and_delivers
test_the_lab_server_is_at_work = server.test_the_lab_server_is_at_work
test_the_lab_server_has_its_rules = server.test_the_lab_server_has_its_rules
test_the_lab_server_watches_every_machine = server.test_the_lab_server_watches_every_machine
test_the_lab_server_tells_its_alerts = server.test_the_lab_server_tells_its_alerts
