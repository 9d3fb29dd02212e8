"""Checks of the backup role: read from the host and from its repositories."""

from __future__ import annotations

from roles.backup.checks import mounted, placed, proven, scheduled

# pytest runs, and reports show, them in the order of these names.
test_the_programs_are_as_they_were_placed = placed.test_the_programs_are_as_they_were_placed
test_the_configuration_is_as_declared = placed.test_the_configuration_is_as_declared
test_nobody_else_reads_its_secrets = placed.test_nobody_else_reads_its_secrets
test_backups_are_made_by_themselves = scheduled.test_backups_are_made_by_themselves
test_a_disk_that_is_not_mounted_would_be_noticed = (
    mounted.test_a_disk_that_is_not_mounted_would_be_noticed
)
test_each_repository_has_a_young_snapshot = proven.test_each_repository_has_a_young_snapshot
test_backups_are_checked_and_tried = proven.test_backups_are_checked_and_tried
test_nothing_is_left_where_no_backup_is_declared = (
    scheduled.test_nothing_is_left_where_no_backup_is_declared
)
