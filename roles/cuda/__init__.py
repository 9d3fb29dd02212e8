"""CUDA toolkits side by side, with cuDNN and NCCL that match the default one."""

from deeprig.role import Role
from roles.cuda.settings import CudaSettings
from roles.cuda.tasks import deploy_cuda, simulated_cuda

ROLE = Role(
    name="cuda",
    settings=CudaSettings,
    deploy=deploy_cuda,
    after=("base", "nvidia_driver"),
    simulated=simulated_cuda,
)
