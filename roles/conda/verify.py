"""Checks of the conda role: conda, its channels, each environment, and that it trains."""

from __future__ import annotations

import json
from functools import partial

import pytest

from deeprig.verify.plugin import lab_of
from deeprig.verify.training.burn import MINUTES, BurnRequest, burn_in, with_burn
from deeprig.verify.training.proof import prove_training, record_case
from deeprig.verify.training.request import Request
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


def test_environments_train(
    host, settings, declared, facts, request, check, tell_progress, profile, burn_minutes
):
    """The training suite is passed in each environment; thorough profiles burn the machine in."""
    programs = lab_of(request.config).content.file("host")
    gpu_count = declared.settings.gpu_count
    if gpu_count is None:  # not declared: what the machine shows on its PCI bus must train
        gpu_count = len(facts.nvidia_devices)
    burns = _burning_test(settings, gpu_count) if profile in MINUTES else None
    for environment, test in _tests(settings):
        path = settings.environment_path(environment.name)
        # An environment declared for the CPU trains there; the GPUs need another (see below).
        gpus = 0 if environment.cuda == "cpu" else gpu_count
        record = partial(record_case, check, test, environment.name)
        wanted = Request(test, path, gpus, profile)
        proof = prove_training(host, programs, wanted, record, tell_progress)
        if (environment, test) == burns:
            minutes = MINUTES[profile] if burn_minutes is None else burn_minutes
            asked = BurnRequest(path, gpu_count, minutes, profile)
            burned = burn_in(host, asked, tell_progress)
            record(burned)
            proof = with_burn(proof, burned, asked)
        check(
            f"it trains ({test})",
            proof.is_good,
            proof.evidence,
            environment=environment.name,
            data=proof.data,
        )
    if profile in MINUTES and burns is None:
        check.skip("the machine is burned in", "no environment has a PyTorch that could do it")


def test_declared_gpus_are_covered_by_a_training_test(settings, declared, facts, check):
    """A machine with GPUs that trains in no environment has proven nothing."""
    gpu_count = declared.settings.gpu_count
    expected = len(facts.nvidia_devices) if gpu_count is None else gpu_count
    wish = _wish_for_gpus(settings, declared.role_settings.get("nvidia_driver"))
    if gpu_count is None and not expected and wish:
        evidence = f"none is on the PCI bus, and {wish}; declare gpu_count, 0 for none"
        check("the GPUs are there", None, evidence)
    if expected:
        environments = settings.environments
        tested = [e.name for e in environments if e.training_tests and e.cuda != "cpu"]
        evidence = f"{expected} GPUs, training tests in: {', '.join(tested) or 'no environment'}"
        check("the GPUs are proven by a training test", bool(tested), evidence)


def _wish_for_gpus(settings, driver):
    """Return what the inventory says that has no meaning without a GPU, None where nothing does."""
    made_for = [e for e in settings.environments if e.cuda not in (None, "cpu")]
    if made_for:
        return f"environment {made_for[0].name} is made for CUDA {made_for[0].cuda}"
    return "nvidia_driver is declared" if driver and driver.model_fields_set else None


def _tests(settings):
    """Return each environment with each framework that it is proven with."""
    return [(e, test) for e in settings.environments for test in e.training_tests]


def _burning_test(settings, gpu_count):
    """Return the first environment whose PyTorch reaches what must burn."""
    with_torch = [(e, test) for e, test in _tests(settings) if test in ("pytorch", "keras-torch")]
    fitting = [(e, test) for e, test in with_torch if not gpu_count or e.cuda != "cpu"]
    return fitting[0] if fitting else None


def _conda(settings):
    return f"{settings.prefix}/bin/conda"


def _numbers(version):
    return tuple(int(part) for part in version.split(".") if part.isdigit())
