"""Checks of the maintenance role: read from the host, compared with the declaration."""

from __future__ import annotations

from roles.maintenance.checks import clock, gate, hours, kernel, logs, needrestart, security

is_gate_wanted = gate.is_gate_wanted

# pytest runs, and reports show, them in the order of these names.
test_the_next_kernel_gate_is_armed = gate.test_the_next_kernel_gate_is_armed
test_apt_and_kernel_packages_ask_the_gate = gate.test_apt_and_kernel_packages_ask_the_gate
test_the_next_kernel_has_a_module = gate.test_the_next_kernel_has_a_module
test_no_gate_is_left_where_none_is_wanted = gate.test_no_gate_is_left_where_none_is_wanted
test_security_updates_install_themselves = security.test_security_updates_install_themselves
test_what_works_by_the_clock_waits_for_its_hour = (
    hours.test_what_works_by_the_clock_waits_for_its_hour
)
test_the_journal_is_limited = logs.test_the_journal_is_limited
test_log_files_are_limited = logs.test_log_files_are_limited
test_the_clock_is_kept = clock.test_the_clock_is_kept
test_the_kernel_is_held_as_declared = kernel.test_the_kernel_is_held_as_declared
test_needrestart_is_quiet = needrestart.test_needrestart_is_quiet
