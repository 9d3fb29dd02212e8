"""Pieces of tasks that several roles share: placing templates, installing packages."""

from deeprig.engine.operations import changed
from deeprig.tasks.packages import install_packages, refresh_package_lists
from deeprig.tasks.templates import place_template

__all__ = ["changed", "install_packages", "place_template", "refresh_package_lists"]
