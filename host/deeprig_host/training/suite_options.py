"""The options of the suite."""

from __future__ import annotations

import argparse

from deeprig_host.training.case_table import cases_for
from deeprig_host.training.cases import PROFILES
from deeprig_host.training.framework import BACKENDS, SUITE_FRAMEWORKS
from deeprig_host.training.place_options import BadUsage, add_place, demand
from deeprig_host.training.suite import SuiteRun


def add_suite(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.add_argument("framework", choices=SUITE_FRAMEWORKS)
    parser.add_argument("--backend", choices=BACKENDS, help="what Keras computes with")
    parser.add_argument("--profile", choices=PROFILES, required=True)
    for option, says in (("--case", "only this case"), ("--skip-case", "not this case")):
        parser.add_argument(option, action="append", default=[], metavar="NAME", help=says)
    add_place(parser)


def suite_run(given: argparse.Namespace) -> SuiteRun:
    """Return what to run. Raise BadUsage, for a case that the framework has not too."""
    if (given.backend is None) == (given.framework == "keras"):
        raise BadUsage("--backend is Keras' and Keras needs it")
    only, without = tuple(given.case), tuple(given.skip_case)
    try:
        cases = cases_for(given.framework, given.profile, only, without)
    except ValueError as problem:
        raise BadUsage(str(problem)) from problem
    if not cases:
        raise BadUsage(f"profile {given.profile} of {given.framework} has no case to run")
    return SuiteRun(
        given.framework,
        given.backend,
        given.workdir,
        given.profile,
        demand(given),
        given.seed,
        only,
        without,
    )
