"""Settings, locks and drift of the conda role."""

import pytest
from pydantic import ValidationError

from deeprig.content import Content
from roles.conda.drift import drift
from roles.conda.facts import CondaInstallation, InstalledEnvironment, parse_environment
from roles.conda.locking import pip_lock_text
from roles.conda.locks import parse_conda_lock, parse_pip_lock
from roles.conda.settings import CondaSettings

SHA = "a" * 64
LOCK = f"@EXPLICIT\nhttps://x/linux-64/python-3.11.2-h0.conda#sha256:{SHA}\n"


def settings(**environment):
    declared = {"name": "torch", "python": "3.11"} | environment
    return CondaSettings.model_validate({"environments": [declared]})


def installed(digest, **more):
    versions = {"conda_packages": (("python", "3.11.2", "h0"),)} | more
    return InstalledEnvironment(f"/opt/conda/generations/torch/{digest}", **versions)


def differences(made, found):
    environment = made.environments[0]
    return drift(environment, environment.digest(made), found)


def test_an_environment_as_declared_has_no_drift():
    made = settings(pip={"packages": ["torch==2.13.0", "scikit-learn>=1"]})
    digest = made.environments[0].digest(made)
    pip = (("torch", "2.13.0+cpu"), ("scikit-learn", "1.7.0"))
    assert differences(made, installed(digest, pip_packages=pip)) == ()
    assert differences(made, installed(f"{digest}-again", pip_packages=pip)) == ()


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (InstalledEnvironment(None), "not there"),
        (installed("other"), "declaration changed"),
    ],
)
def test_a_missing_or_differently_declared_environment_drifts(found, told):
    assert told in differences(settings(), found)[0]


def test_a_package_that_somebody_removed_or_changed_drifts():
    made = settings(packages=["numpy>=2"], pip={"packages": ["torch==2.13.0"]})
    digest = made.environments[0].digest(made)
    found = differences(made, installed(digest, pip_packages=(("torch", "2.12.0"),)))
    assert found == ("numpy is missing", "torch is 2.12.0, declared torch==2.13.0")


def test_another_python_drifts():
    made = settings(python="3.12")
    assert "python is 3.11.2" in differences(made, installed(made.environments[0].digest(made)))[0]
    short = settings(python="3.1")  # 3.11 is no 3.1
    assert differences(short, installed(short.environments[0].digest(short)))


@pytest.mark.parametrize(
    "change",
    [
        {"python": "3.12"},
        {"packages": ["numpy"]},
        {"pip": {"packages": ["six"]}},
        {"pip": {"extra_index_urls": ["https://x"]}},
        {"cuda": "12.4"},
        {"channels": ["bioconda"]},
    ],
)
def test_another_declaration_has_another_digest(change):
    plain, changed = settings(), settings(**change)
    assert plain.environments[0].digest(plain) != changed.environments[0].digest(changed)


def test_a_training_test_is_no_reason_to_rebuild():
    plain, tested = settings(), settings(training_test="pytorch")
    assert plain.environments[0].digest(plain) == tested.environments[0].digest(tested)


def test_cuda_is_told_to_the_solver_by_condas_own_variable():
    assert settings().environments[0].solve_environment == {}
    assert settings(cuda="cpu").environments[0].solve_environment == {"CONDA_OVERRIDE_CUDA": ""}
    assert settings(cuda="12.4").environments[0].solve_environment == {
        "CONDA_OVERRIDE_CUDA": "12.4"
    }


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "../x"},
        {"python": None},
        {"python": "three"},
        {"pip": {"packages": ["torch=="]}},
        {"packages": ["num py; rm -rf /"]},
        {"cuda": "twelve"},
        {"channels": ["defaults"]},
        {"channels": ["https://repo.example/pkgs/main"]},
        {"training_test": "caffe"},
    ],
)
def test_bad_environments_are_refused(bad):
    with pytest.raises(ValidationError):
        settings(**bad)


@pytest.mark.parametrize("prefix", ["opt/conda", "/opt/my conda", "/opt/$(id)", ""])
def test_bad_prefixes_are_refused(prefix):
    with pytest.raises(ValidationError):
        CondaSettings(prefix=prefix)


def test_a_lock_is_read_when_the_inventory_is_validated(lab):
    lab.write("locks/t.conda.lock", LOCK)
    lab.write("locks/t.pip.lock", f"six==1.16.0 \\\n    --hash=sha256:{SHA}\n")
    lab.data('conda = {"environments": [{"name": "t", "lock": "locks/t"}]}')
    environment = lab.load().host("rig1").role_settings["conda"].environments[0]
    assert environment.conda_lock.files == ("python-3.11.2-h0",)
    assert environment.pip_lock.packages == (("six", "1.16.0"),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://x/linux-64/a-1-0.conda\n", "does not begin with @EXPLICIT"),
        ("@EXPLICIT\nhttps://x/linux-64/a-1-0.conda\n", ":2 is no package URL with a checksum"),
        ("@EXPLICIT\npython=3.11\n", ":2 is no package URL"),
        ("", "does not begin"),
    ],
)
def test_a_lock_without_checksums_is_refused(text, told, tmp_path):
    with pytest.raises(ValueError, match=told):
        parse_conda_lock(text, tmp_path / "x.conda.lock")


def test_a_pip_lock_without_hash_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"six==1\.16\.0 has no --hash"):
        parse_pip_lock("six==1.16.0\n", tmp_path / "x.pip.lock")


def test_pips_report_becomes_requirements_with_hashes(tmp_path):
    item = {
        "metadata": {"name": "six", "version": "1.16.0"},
        "download_info": {"archive_info": {"hashes": {"sha256": SHA}}},
    }
    text = pip_lock_text({"install": [item]}, "linux-64-cpu")
    assert parse_pip_lock(text, tmp_path).packages == (("six", "1.16.0"),)


def test_the_listing_of_an_environment_is_parsed():
    output = """@@deeprig:link
/opt/conda/generations/t/abc
@@deeprig:conda
history
python-3.11.2-h0_0_cpython.json
ca-certificates-2024.8.30-hbcca054_0.json
@@deeprig:pip
scikit_learn-1.7.0.dist-info
@@deeprig:generations
old
abc
""".splitlines()
    found = parse_environment(output)
    assert found.target == "/opt/conda/generations/t/abc"
    assert found.versions["ca-certificates"] == "2024.8.30"
    assert found.versions["scikit-learn"] == "1.7.0"
    assert found.generations == ("old", "abc")


def test_a_real_directory_in_the_environments_place_is_told_from_none():
    assert parse_environment(["@@deeprig:link", "directory"]).target == ""
    assert parse_environment(["@@deeprig:link"]).target is None


@pytest.mark.parametrize(
    ("output", "version", "exists", "incomplete"),
    [
        (["none"], None, False, False),
        (["there", "conda 26.3.2"], "26.3.2", True, False),
        (["there", "Traceback (most recent call last):"], None, True, False),
        (["incomplete", "conda 26.3.2"], "26.3.2", True, True),
    ],
)
def test_the_state_of_an_installation(output, version, exists, incomplete):
    found = CondaInstallation().process(output)
    assert (found.version, found.exists, found.is_incomplete) == (version, exists, incomplete)


def test_every_built_in_role_is_found():
    from pathlib import Path

    names = Content.of(Path("/nonexistent")).role_names()
    assert names == (
        *("backup", "backup_server", "base", "cache", "cache_server", "conda", "cooling", "cuda"),
        *("maintenance", "monitoring", "network", "nvidia_driver"),
    )
