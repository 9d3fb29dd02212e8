"""`deeprig update`: newer versions on request, told from which to which."""

import pytest

NAME = "tools"
PREFIX = "/opt/conda"


@pytest.fixture
def workstation(lab):
    lab.hosts(rig1={"roles": ["base", "conda"]})
    lab.data(
        base=lab.base_settings(),
        conda=lab.conda_settings({"name": NAME, "python": "3.11", "packages": ["six", "idna"]}),
    )
    lab.run("apply")
    yield lab
    lab.ssh("rig1", f"rm -rf {PREFIX}/envs/{NAME} {PREFIX}/generations/{NAME}")


def versions(lab):
    listing = f"ls {PREFIX}/envs/{NAME}/conda-meta"
    records = lab.ssh("rig1", listing).stdout.split()
    return {r.rsplit("-", 2)[0]: r.rsplit("-", 2)[1] for r in records if r.endswith(".json")}


def make_older(lab, package):
    """Put an older package into the environment by hand, as a user could (in a login shell)."""
    conda = f"{PREFIX}/bin/conda install -y -p {PREFIX}/envs/{NAME} --override-channels"
    done = lab.ssh("rig1", f"bash -lc '{conda} -c conda-forge {package}'")
    assert done.returncode == 0, done.stderr


def moves(document):
    operations = document["hosts"][0]["operations"]
    return [(m["what"], m["before"], m["after"]) for o in operations for m in o["moves"]]


def test_an_environment_gets_what_a_solve_of_today_chooses_and_only_on_request(workstation):
    assert versions(workstation)["six"] == "1.17.0"
    make_older(workstation, "six=1.16.0")
    # Nothing declared differs, so apply leaves it alone.
    assert moves(workstation.json("apply")) == []
    assert versions(workstation)["six"] == "1.16.0"

    wanted = [(f"{NAME}: six", "1.16.0", "1.17.0")]
    plan = workstation.json("update", "--environments", "--plan")
    assert (plan["command"], moves(plan)) == ("plan", wanted)
    assert versions(workstation)["six"] == "1.16.0", "a plan changes nothing"

    document = workstation.json("update", "--environments")
    assert (document["command"], moves(document)) == ("update", wanted)
    assert {o["role"] for o in document["hosts"][0]["operations"]} == {"conda"}
    assert versions(workstation)["six"] == "1.17.0"
    assert moves(workstation.json("update", "--environments")) == []


def test_the_table_says_from_which_version_to_which(workstation):
    make_older(workstation, "idna=3.6")
    shown = workstation.run("update", "--environments").stdout
    lines = [line.split() for line in shown.splitlines()]
    assert ["host", "what", "from", "to"] in lines
    assert ["rig1", f"{NAME}:", "idna", "3.6", "3.7"] in lines
