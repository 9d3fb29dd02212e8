"""What is asked of a host: whole, in words that no option can be smuggled into."""

import pytest

from deeprig.backup.request import (
    RebuildWish,
    RestoreWish,
    ask_request,
    rebuild_request,
    restore_request,
    run_request,
)
from deeprig.errors import UsageProblem


def test_a_run_names_its_repositories_and_how_long_it_waits():
    request = run_request("run", ("disk", "nas"), 1.5)
    words = ("begin", "run", "--repository=disk", "--repository=nas", "--wait=90")
    assert request.remote == words
    assert run_request("check", ()).remote == ("begin", "check")


def test_questions_are_answered_as_json_at_once():
    assert ask_request("status", ()).with_words("--ask").remote == ("status", "--ask", "--json")


def test_a_restore_outlives_its_connection_and_a_dry_run_need_not():
    wish = RestoreWish(("/home/ada/x",), repository="disk", of_host="rig0", target="/tmp/t")
    assert restore_request(wish).remote == (
        *("begin", "restore", "--repository=disk", "--include=/home/ada/x"),
        *("--snapshot=latest", "--host=rig0", "--target=/tmp/t", "--overwrite=newer"),
    )
    dry = restore_request(RestoreWish(user="ada", snapshot="0a1b2c3d", is_dry_run=True))
    assert dry.remote[0] == "restore"
    assert {"--user=ada", "--snapshot=0a1b2c3d", "--dry-run", "--json"} < set(dry.remote)
    assert "--all" in restore_request(RestoreWish(is_all=True)).remote


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (RestoreWish(), "nothing to restore is named"),
        (RestoreWish(("/x",), is_all=True), "--all is everything"),
        (RestoreWish(user="ada", is_all=True), "--all is everything"),
        (RestoreWish(("home/ada",)), "'home/ada' is no absolute path"),
        (RestoreWish(("/home/../etc",)), "is no absolute path"),
        (RestoreWish(("/x",), target="t"), "'t' is no absolute path"),
        (RestoreWish(("/x",), snapshot="newest"), "'newest' is no snapshot"),
        (RestoreWish(("/x",), snapshot="--all"), "is no snapshot"),
        (RestoreWish(("/x",), of_host="-x"), "'-x' is no name"),
        (RestoreWish(user="ada;reboot"), "'ada;reboot' is no name"),
        (RestoreWish(("/x",), repository="a b"), "'a b' is no name"),
    ],
)
def test_what_cannot_be_restored_is_refused_before_any_connection(wish, reason):
    with pytest.raises(UsageProblem, match=reason.replace("(", r"\(")):
        restore_request(wish)


def test_a_rebuild_names_the_dead_machine_and_outlives_its_connection():
    wish = RebuildWish("rig0", etc=("/etc/hosts",), has_packages=True)
    assert rebuild_request(wish).remote == (
        *("begin", "rebuild", "--from=rig0", "--snapshot=latest", "--overwrite=newer"),
        *("--owners=numbers", "--etc=/etc/hosts", "--packages"),
    )
    dry = rebuild_request(RebuildWish("rig0", repository="nas", is_dry_run=True)).remote
    assert (dry[0], dry[1], dry[-2:]) == (
        "rebuild",
        "--repository=nas",
        ("--dry-run", "--json"),
    )
    for wrong in (RebuildWish("-x"), RebuildWish("rig0", etc=("hosts",))):
        with pytest.raises(UsageProblem):
            rebuild_request(wrong)
