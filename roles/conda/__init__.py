"""Conda for everybody on the machine: Miniforge, its configuration, declared environments."""

from deeprig.role import Role
from roles.conda.settings import CondaSettings
from roles.conda.tasks import deploy_conda, simulated_conda

ROLE = Role(
    name="conda",
    settings=CondaSettings,
    deploy=deploy_conda,
    after=("base", "cuda"),
    simulated=simulated_conda,
)
