"""CUDA toolkits side by side, with cuDNN and NCCL that match the default one."""

from deeprig.facts import HostFacts
from deeprig.role import Role
from roles.cuda.settings import CudaSettings
from roles.cuda.tasks import deploy_cuda, simulated_cuda


def _is_wanted(facts: HostFacts, settings: CudaSettings) -> bool:
    # A machine that only builds for GPUs may have a toolkit, but nobody gets one unasked.
    return bool(facts.nvidia_devices or settings.model_fields_set)


ROLE = Role(
    name="cuda",
    settings=CudaSettings,
    deploy=deploy_cuda,
    after=("base", "nvidia_driver"),
    applies=_is_wanted,
    simulated=simulated_cuda,
)
