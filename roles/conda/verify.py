"""Checks of the conda role: conda, its channels, each environment, and that it trains."""

from __future__ import annotations

import json

import pytest

from deeprig.verify.plugin import lab_of
from deeprig.verify.training import prove_training
from roles.conda.drift import drift
from roles.conda.facts import SIMULATION_MARK, CondaEnvironment


@pytest.fixture
def simulated(host, settings):
    """Say whether the conda of this host stands in for the real one (the project's own tests)."""
    return host.file(f"{settings.prefix}/{SIMULATION_MARK}").exists


def test_conda_works_for_everybody(host, settings, check, simulated):
    """A login shell of an ordinary user has conda, and the declared release or a later one."""
    seen = host.run("runuser -u nobody -- env HOME=/nonexistent bash -lc 'conda --version'")
    version = seen.stdout.strip().rpartition(" ")[2]
    wanted = settings.installer.conda_version
    is_good = seen.rc == 0 and _numbers(version) >= _numbers(wanted)
    evidence = (seen.stdout + seen.stderr).strip() or "no answer"
    check(f"conda {wanted} or later, for everybody", is_good, evidence, simulated=simulated)


def test_channels_are_as_declared(host, settings, check, simulated):
    """conda itself says that it uses the declared channels, and never Anaconda's own."""
    shown = host.run("%s config --show channels default_channels --json", _conda(settings))
    try:
        told = json.loads(shown.stdout)
    except ValueError:
        check("channels", None, (shown.stdout + shown.stderr).strip(), simulated=simulated)
        return
    channels = tuple(told["channels"])
    evidence = f"channels {list(channels)}, default_channels {told['default_channels']}"
    is_good = channels == settings.channels and not told["default_channels"]
    check("channels are the declared, and no defaults", is_good, evidence, simulated=simulated)


def test_environments_are_as_declared(host, settings, check, simulated):
    """Each environment has its declared packages and can be activated by name."""
    for environment in settings.environments:
        path = settings.environment_path(environment.name)
        fact = CondaEnvironment()
        command = fact.command(path, settings.generations_path(environment.name))
        installed = fact.process(host.check_output(command.get_raw_value()).splitlines())
        differences = drift(environment, environment.digest(settings), installed)
        evidence = "; ".join(differences) or f"{len(installed.versions)} packages"
        check(
            "the environment is as declared",
            not differences,
            evidence,
            environment=environment.name,
            simulated=simulated,
        )
        activated = host.run(
            "runuser -u nobody -- env HOME=/tmp bash -lc %s",
            f"conda activate {environment.name} && python -c 'import sys; print(sys.prefix)'",
        )
        seen = (activated.stdout + activated.stderr).strip()
        check(
            "'conda activate' works for everybody",
            activated.rc == 0 and activated.stdout.strip().startswith(settings.prefix),
            seen,
            environment=environment.name,
            simulated=simulated,
        )


def test_environments_train(host, settings, declared, facts, request, check):
    """A model is trained, saved, reloaded and predicts identically in each environment."""
    programs = lab_of(request.config).content.file("host")
    gpu_count = declared.settings.gpu_count
    if gpu_count is None:  # not declared: what the machine shows on its PCI bus must train
        gpu_count = len(facts.nvidia_devices)
    for environment in settings.environments:
        if environment.training_test is None:
            continue
        path = settings.environment_path(environment.name)
        # An environment declared for the CPU trains there; the GPUs need another (see below).
        gpus = 0 if environment.cuda == "cpu" else gpu_count
        proof = prove_training(host, programs, environment.training_test, path, gpus)
        check(
            f"it trains ({environment.training_test})",
            proof.is_good,
            proof.evidence,
            environment=environment.name,
            data=proof.data,
        )


def test_declared_gpus_are_covered_by_a_training_test(settings, declared, facts, check):
    """A machine with GPUs that trains in no environment has proven nothing."""
    gpu_count = declared.settings.gpu_count
    expected = len(facts.nvidia_devices) if gpu_count is None else gpu_count
    if expected:
        environments = settings.environments
        tested = [e.name for e in environments if e.training_test and e.cuda != "cpu"]
        evidence = f"{expected} GPUs, training tests in: {', '.join(tested) or 'no environment'}"
        check("the GPUs are proven by a training test", bool(tested), evidence)


def _conda(settings):
    return f"{settings.prefix}/bin/conda"


def _numbers(version):
    return tuple(int(part) for part in version.split(".") if part.isdigit())
