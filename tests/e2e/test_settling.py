"""A transactional role is settled at the end: proven after the reboot, or put back and proven."""

import pytest

ROLE = '''
from pyinfra.api.deploy import deploy
from pyinfra.api.facts import FactBase
from pyinfra.context import ctx_host
from pyinfra.operations import server
from deeprig.role import Role, RoleSettings, Settlement

class Settings(RoleSettings):
    works: bool = True
    fails_first: bool = False

class State(FactBase):
    """What stands in /root/state: '' (nothing), new, old."""
    def command(self):
        return "if [ -e /root/state ]; then cat /root/state; fi"
    @staticmethod
    def default():
        return []
    def process(self, output):
        return output

def write(text):
    host = ctx_host.get()
    done, _ = host.run_shell_command(f"sh -c 'echo {text} > /root/state'", _sudo=True)
    assert done

@deploy("twostep")
def tasks(context):
    if context.settings.fails_first:
        server.shell(name="Fail", commands="touch /root/touched && false")
        return
    server.shell(name="Change", commands="echo new > /root/state; rm -f /run/booted-new",
                 _if=lambda: ctx_host.get().get_fact(State) == [])

def reason(context):
    host = ctx_host.get()
    state = host.get_fact(State)
    booted, _ = host.run_shell_command("test -e /run/booted-new", _sudo=True)
    if state == ["new"] and not booted:
        host.run_shell_command("sh -c 'cat /proc/sys/kernel/random/boot_id >> /root/boots'",
                               _sudo=True)
        return "the new one must be booted"
    return None

def settle(context):
    host = ctx_host.get()
    state = host.get_fact(State)
    if state == ["new"]:
        if context.settings.works:
            write("good")
            return Settlement("Prove the new one", True, True, ("it works",))
        write("old")
        return Settlement("Put the old one back", False, True, ("it does not work",),
                          reboot="the old one was put back")
    if state == ["old"]:
        write("proven")
        return Settlement("Prove the old one", True, True, ("it works again",))
    return None

ROLE = Role(name="twostep", settings=Settings, deploy=tasks, reboot_reason=reason, settle=settle)
'''


@pytest.fixture
def twostep(lab):
    lab.write("roles/twostep/__init__.py", ROLE)
    script = 'from deeprig.compose import deploy_roles\n\ndeploy_roles("twostep")\n'
    lab.write("deploy/workstation.py", script)
    lab.hosts(rig1={"reboot": "when-needed"})
    lab.data()
    yield lab
    lab.ssh("rig1", "rm -f /root/state /root/boots /root/touched")


def operations(document):
    host = document["hosts"][0]
    return [(o["name"].partition(":")[0], o["status"]) for o in host["operations"]]


def test_a_change_is_proven_after_one_reboot_and_a_second_run_has_nothing_to_settle(twostep):
    document = twostep.json("apply")
    assert operations(document) == [
        ("Change", "changed"),
        ("Reboot", "changed"),
        ("Prove the new one", "changed"),
    ]
    assert document["hosts"][0]["operations"][-1]["notes"] == ["it works"]
    assert operations(twostep.json("apply")) == [("Change", "unchanged")]


def test_a_change_that_does_not_work_is_put_back_rebooted_and_proven_and_fails(twostep):
    twostep.data(twostep={"works": False})
    document = twostep.json("apply", code=1)
    assert operations(document) == [
        ("Change", "changed"),
        ("Reboot", "changed"),
        ("Put the old one back", "failed"),
        ("Reboot", "changed"),
        ("Prove the old one", "changed"),
    ]
    host = document["hosts"][0]
    assert (host["status"], host["reason"]) == ("failed", "twostep: Put the old one back failed")
    before, after = [o["output"] for o in host["operations"] if o["role"] == "reboot"]
    assert before.split()[-1] == after.split()[2], "the second reboot starts where the first ended"


def test_where_no_reboot_is_allowed_nothing_is_settled_and_the_host_says_how_to_go_on(twostep):
    twostep.hosts(rig1={})
    document = twostep.json("apply", code=1)
    assert operations(document) == [("Change", "changed")]
    assert "not allowed: the new one must be booted" in document["hosts"][0]["reason"]
    assert "--reboot" in document["hosts"][0]["remedy"]
    # The option of one run wins over the inventory, in both directions.
    assert operations(twostep.json("apply", "--reboot"))[1:] == [
        ("Reboot", "changed"),
        ("Prove the new one", "changed"),
    ]
    twostep.ssh("rig1", "rm /root/state")
    twostep.hosts(rig1={"reboot": "when-needed"})
    twostep.run("apply", "--no-reboot", code=1)


def test_a_host_that_failed_is_settled_too(twostep):
    twostep.ssh("rig1", "echo old > /root/state")
    twostep.data(twostep={"fails_first": True})
    document = twostep.json("apply", code=1)
    assert operations(document) == [("Fail", "failed"), ("Prove the old one", "changed")]
    assert document["hosts"][0]["reason"] == "twostep: Fail failed"
