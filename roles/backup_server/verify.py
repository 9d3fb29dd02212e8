"""Checks of the backup_server role: read from the host, compared with the declaration."""

from __future__ import annotations

from roles.backup_server.checks import serving, ssh

# pytest runs, and reports show, them in the order of these names.
test_each_client_has_its_one_key = ssh.test_each_client_has_its_one_key
test_a_key_opens_one_command = ssh.test_a_key_opens_one_command
test_each_client_has_its_own_repository = ssh.test_each_client_has_its_own_repository
test_the_rest_server_only_adds = serving.test_the_rest_server_only_adds
test_pruning_goes_well = serving.test_pruning_goes_well
test_there_is_room = serving.test_there_is_room
test_who_is_protected_is_told = serving.test_who_is_protected_is_told
test_nothing_is_left_where_it_keeps_nothing = serving.test_nothing_is_left_where_it_keeps_nothing
