"""Whose files are restored, and that they do not become somebody else's."""

from pathlib import Path

import pytest
from deeprig_host.backup.account import Account, account_of, check_owner
from deeprig_host.machine.commands import Done, Machine
from deeprig_host.machine.refusal import Refused


def machine(out, code=0):
    return Machine(Path("/none"), lambda *words, **_: Done(words, code, out))


def test_a_user_is_who_getent_knows():
    found = account_of(machine("alice:x:1000:1000:A:/home/alice:/bin/bash\n"), "alice")
    assert found == Account("alice", 1000, "/home/alice")


@pytest.mark.parametrize(
    ("out", "code"),
    [("", 2), ("bob:x:0:0::/root:/bin/sh\n", 0), ("alice:x:?:0::/h:/s\n", 0), ("alice\n", 0)],
)
def test_who_is_not_known_is_refused(out, code):
    with pytest.raises(Refused, match="no user 'alice'"):
        account_of(machine(out, code), "alice")


def test_files_of_another_number_are_refused(node):
    account = Account("alice", 1001, "/home/alice")
    check_owner(account, node("/home/alice", "dir", uid=1001))
    with pytest.raises(Refused, match="user number 1000 in the snapshot"):
        check_owner(account, node("/home/alice", "dir", uid=1000))
