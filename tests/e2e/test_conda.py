"""The conda role on a real host: environments change only when their declaration does."""

from pathlib import Path

import pytest


@pytest.fixture
def conda(lab):
    """A lab whose only role is conda, with the local channel, on rig3."""
    lab.hosts(rig3={})
    lab.write(
        "deploy/workstation.py", "from deeprig.compose import deploy_roles\ndeploy_roles('conda')\n"
    )
    yield lab
    lab.ssh("rig3", "rm -rf /opt/conda /opt/conda.installing /etc/pip.conf")


def declare(lab, *environments, **more):
    """Declare environments that come from the local channel."""
    lab.data(roles=["conda"], conda=lab.conda_settings(*environments) | more)


def environment(name="small", **more):
    return {"name": name, "python": "3.11", "packages": ["idna=3.6"]} | more


def python(lab, name, code):
    return lab.ssh("rig3", f"/opt/conda/envs/{name}/bin/python -c '{code}'")


def idna(lab, name="small"):
    return python(lab, name, "import idna; print(idna.__version__)").stdout.strip()


def inode(lab, name):
    return lab.ssh("rig3", f"stat -Lc %i /opt/conda/envs/{name}").stdout


def changed(document):
    operations = document["hosts"][0]["operations"]
    return [o["name"] for o in operations if o["status"] == "changed"]


def test_environments_follow_their_declarations(conda):
    declare(conda, environment(), environment("other"))
    conda.run("apply")
    assert idna(conda) == "3.6"
    assert changed(conda.json("apply")) == []
    untouched = inode(conda, "other")

    # A changed declaration updates that environment, and only that.
    declare(conda, environment(packages=["idna=3.7"]), environment("other"))
    assert changed(conda.json("apply")) == ["Build an environment"]
    assert (idna(conda), inode(conda, "other")) == ("3.7", untouched)

    # A failed update leaves the old environment as usable as it was.
    declare(conda, environment(packages=["no-such-package-anywhere"]), environment("other"))
    failed = conda.json("apply", code=1)
    assert "no-such-package-anywhere" in failed["hosts"][0]["operations"][-2]["output"]
    assert idna(conda) == "3.7"
    declare(conda, environment(packages=["idna=3.7"], pip={"packages": ["no-such-wheel"]}))
    conda.json("apply", code=1)
    assert idna(conda) == "3.7"

    # What somebody removed by hand comes back, and verify says what is wrong before.
    declare(
        conda, environment(packages=["idna=3.7"], pip={"packages": ["six"]}), environment("other")
    )
    conda.run("apply")
    conda.ssh("rig3", "/opt/conda/envs/small/bin/python -m pip uninstall -y six")
    verified = conda.json("verify", code=1)
    evidence = {c["evidence"] for c in verified["hosts"][0]["checks"] if c["outcome"] == "fail"}
    assert evidence == {"six is missing, declared six"}
    assert changed(conda.json("apply")) == ["Build an environment"]
    assert conda.json("verify")["hosts"][0]["status"] == "passed"
    assert inode(conda, "other") == untouched


def test_every_user_can_activate_and_none_can_change(conda):
    declare(conda, environment())
    conda.run("apply")
    conda.ssh("rig3", "useradd -m alan")
    login = "su - alan -c 'conda activate small && python -c \"import sys; print(sys.prefix)\"'"
    assert conda.ssh("rig3", login).stdout.strip().startswith("/opt/conda/")
    broken = conda.ssh("rig3", "su - alan -c 'conda install -y -n small idna=3.7'")
    assert broken.returncode != 0
    assert idna(conda) == "3.6"
    conda.ssh("rig3", "userdel -r alan")


def test_a_lock_is_installed_without_a_solve(conda):
    declare(conda, environment(pip={"packages": ["six"]}, cuda="cpu"))
    conda.run("apply")
    document = conda.json("lock", "small")
    assert document["hardware_class"] == "linux-64-cpu"
    conda_lock, pip_lock = (Path(path).read_text() for path in document["files"])
    assert "@EXPLICIT" in conda_lock
    assert "idna-3.6" in conda_lock
    assert "#" in conda_lock
    assert "six==" in pip_lock
    assert "--hash=sha256:" in pip_lock
    assert conda.ssh("rig3", "ls -d /opt/conda/lock-*").returncode != 0

    stem = document["files"][0].removesuffix(".conda.lock")
    declare(conda, {"name": "locked", "lock": stem}, channel_alias="http://127.0.0.1:9/closed")
    report = conda.json("apply")
    commands = report["hosts"][0]["operations"][-1]["commands"]
    assert any("--file" in command for command in commands)
    assert idna(conda, "locked") == "3.6"
    assert python(conda, "locked", "import six").returncode == 0
    assert changed(conda.json("apply")) == []

    # A lock whose checksum is not the package's installs nothing.
    text = "\n".join(
        line.partition("#")[0] + "#sha256:" + "0" * 64 if "idna-" in line else line
        for line in conda_lock.splitlines()
    )
    conda.write("locks/spoilt.conda.lock", text + "\n")
    declare(conda, {"name": "spoilt", "lock": "locks/spoilt"})
    conda.json("apply", code=1)
    assert conda.ssh("rig3", "test -e /opt/conda/envs/spoilt").returncode == 1


@pytest.mark.parametrize(("cuda", "variant"), [("12.4", "cuda"), ("cpu", "cpu")])
def test_the_declared_cuda_version_chooses_the_build(conda, cuda, variant):
    declare(conda, environment(packages=["deeprig-variant"], cuda=cuda))
    conda.run("apply")
    listing = conda.ssh("rig3", "ls /opt/conda/envs/small/conda-meta").stdout
    record = next(line for line in listing.splitlines() if line.startswith("deeprig-variant"))
    assert variant in record


def test_a_wrong_installer_checksum_installs_nothing(conda):
    url = f"{conda.state.controller_url('dist')}installer/{conda.channel.installer_name}"
    declare(conda, environment(), installer={"url": url, "sha256": "0" * 64})
    document = conda.json("apply", code=1)
    told = document["hosts"][0]["operations"][0]
    assert told["status"] == "failed"
    assert "expected " + "0" * 64 in told["output"]
    assert conda.ssh("rig3", "ls -d /opt/conda /opt/conda.installing").stdout == ""


def test_an_interrupted_installation_is_completed_and_a_foreign_one_left_alone(conda):
    declare(conda, environment())
    conda.ssh("rig3", "mkdir -p /opt/conda/bin && touch /opt/conda.installing")
    conda.run("apply")
    assert idna(conda) == "3.6"
    conda.ssh("rig3", "rm -rf /opt/conda && mkdir /opt/conda && touch /opt/conda/thesis.txt")
    refused = conda.json("apply", code=1)
    assert "does not answer" in refused["hosts"][0]["operations"][0]["output"]
    assert conda.ssh("rig3", "test -e /opt/conda/thesis.txt").returncode == 0


def test_a_directory_that_is_not_ours_is_not_replaced(conda):
    declare(conda)
    conda.run("apply")
    conda.ssh("rig3", "mkdir -p /opt/conda/envs/small && touch /opt/conda/envs/small/thesis.txt")
    declare(conda, environment())
    refused = conda.json("apply", code=1)
    assert "did not make" in refused["hosts"][0]["operations"][-1]["output"]
    assert conda.ssh("rig3", "test -e /opt/conda/envs/small/thesis.txt").returncode == 0
