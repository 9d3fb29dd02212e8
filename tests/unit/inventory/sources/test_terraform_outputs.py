"""Outputs of Terraform. The program itself is simulated here by a script of that name."""

import json

import pytest

HOSTS = [
    {
        "name": "rig1",
        "public_ip": "192.0.2.1",
        "user": "root",
        "instance_type": "p5",
        "groups": ["gpu"],
        "deeprig": {"gpu_count": 8, "roles": None, "base": {"timezone": None}},
    }
]


def outputs(**values):
    return json.dumps({k: {"sensitive": False, "type": "x", "value": v} for k, v in values.items()})


def test_a_saved_output_becomes_hosts(desk):
    desk.write("tf.json", outputs(deeprig_hosts=HOSTS, vpc="vpc-1"))
    lab = desk.load("tf.json")
    host = lab.host("rig1")
    assert (host.settings.ssh_hostname, host.settings.gpu_count) == ("192.0.2.1", 8)
    assert host.groups == ("gpu",)
    assert host.settings.ssh_user == "root"
    assert "instance_type" in str(lab.notes[0])


def test_maps_from_names_to_objects_and_to_addresses(desk):
    desk.write("tf.json", outputs(rigs={"a": {"ip": "192.0.2.1"}}, plain={"b": "192.0.2.2"}))
    assert desk.load("terraform:tf.json#rigs").host("a").settings.ssh_hostname == "192.0.2.1"
    assert desk.load("terraform:tf.json#plain").host("b").settings.ssh_hostname == "192.0.2.2"


def test_a_directory_is_asked_by_terraform_itself(desk, monkeypatch):
    desk.write("infra/main.tf", "")
    desk.write("saved.json", outputs(deeprig_hosts=HOSTS))
    desk.write(
        "bin/terraform",
        f"""\
        #!/bin/sh
        [ "$*" = '-chdir=infra output -json' ] || exit 9
        cat {desk.path}/saved.json
        """,
        0o755,
    )
    monkeypatch.setenv("PATH", f"{desk.path}/bin:/usr/bin:/bin")
    assert desk.load("infra").host("rig1").settings.gpu_count == 8


def test_a_directory_without_terraform_installed(desk, monkeypatch):
    desk.write("infra/main.tf", "")
    monkeypatch.setenv("PATH", str(desk.path / "empty"))
    text = desk.only_problem("infra")
    assert "neither terraform nor tofu is installed" in text
    assert "terraform output -json > hosts.json" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (outputs(hosts=HOSTS), "there is no output 'deeprig_hosts'"),
        ("{}", "there are no outputs; was it applied?"),
        ("[]", "the outputs of Terraform are a JSON object"),
        (outputs(deeprig_hosts="rig1"), "hosts are a list of objects"),
        (outputs(deeprig_hosts=["192.0.2.1"]), "deeprig_hosts[0]: '192.0.2.1' is no host"),
        (outputs(deeprig_hosts=[{"ip": "192.0.2.1"}]), "deeprig_hosts[0]: the host has no name"),
        (outputs(deeprig_hosts={"a": {"groups": "x"}}), "deeprig_hosts.a.groups: groups are a"),
        (outputs(deeprig_hosts={"a": {"deeprig": 3}}), "deeprig_hosts.a.deeprig: deeprig is an"),
        (outputs(deeprig_hosts={"a": {"deeprig": {"gpu_count": "x"}}}), "a.deeprig.gpu_count"),
        (outputs(deeprig_hosts=[]), "it names no host"),
        ('{"deeprig_hosts": 3}', "an output holds a 'value'"),
        ("{", "tf.json:1:2: this is not JSON"),
    ],
)
def test_a_mistake_is_told_at_its_place(desk, text, expected):
    desk.write("tf.json", text)
    assert expected in desk.only_problem("terraform:tf.json")
