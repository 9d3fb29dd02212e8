"""Pieces of tasks that several roles share: templates, packages, programs of the host."""

from deeprig.engine.operations import changed
from deeprig.tasks.host_programs import place_host_programs
from deeprig.tasks.packages import install_packages, refresh_package_lists, repair_packages
from deeprig.tasks.steady import steadily
from deeprig.tasks.templates import place_template

__all__ = [
    "changed",
    "install_packages",
    "place_host_programs",
    "place_template",
    "refresh_package_lists",
    "repair_packages",
    "steadily",
]
