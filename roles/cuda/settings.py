"""Settings of the cuda role."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from deeprig.role import RoleSettings
from deeprig.tasks.nvidia_repository import NvidiaRepositorySettings
from roles.cuda.default_toolkits import DEFAULT_TOOLKIT, Devices, choose_toolkit

#: A toolkit's series, as its package and directory are named: cuda-toolkit-13-0, cuda-13.0.
Series = Annotated[str, Field(pattern=r"^[1-9]\d\.\d$")]
_CUDNN_VERSION = r"^9\.[0-9.]+(-[0-9]+)?$"
_NCCL_VERSION = r"^2\.[0-9.]+-[0-9]+\+cuda[0-9]+\.[0-9]+$"


class CudaSettings(RoleSettings):
    """Settings under ``cuda`` in the inventory.

    cuDNN and NCCL are installed once per host (their packages cannot be installed twice): for the
    default toolkit.
    """

    source: Literal["nvidia", "debian"] = Field(
        "nvidia",
        description="Where CUDA comes from: NVIDIA's repository, or Debian's own older "
        "nvidia-cuda-toolkit (one toolkit, in /usr, without cuDNN and NCCL).",
    )
    toolkits: tuple[Series, ...] | None = Field(
        None,
        min_length=1,
        description='Toolkits side by side, such as ["12.6", "13.0"]. Default: 13.0, or on a '
        "host with an older GPU the newest that builds for it; with source debian, what it has.",
    )
    default: Series | None = Field(
        None, description="The toolkit at /usr/local/cuda. Default: the newest declared."
    )
    cudnn: bool | None = Field(
        None, description="Install cuDNN 9 for the default toolkit. Default: with source nvidia."
    )
    cudnn_version: str | None = Field(
        None,
        pattern=_CUDNN_VERSION,
        description="Exact version, such as 9.20.0.48-1. Default: any; the newest when installed.",
    )
    nccl: bool | None = Field(
        None, description="Install NCCL for the default toolkit. Default: with source nvidia."
    )
    nccl_version: str | None = Field(
        None,
        pattern=_NCCL_VERSION,
        description="Exact version, such as 2.28.9-1+cuda13.0; may be one built for another "
        "toolkit of the same major version. Default: one built for the default toolkit.",
    )
    development: bool = Field(
        True, description="Install the headers of cuDNN and NCCL too, to compile with them."
    )
    remove_others: bool = Field(
        False,
        description="Remove toolkits from NVIDIA's repository that are not declared. Default: "
        "they stay.",
    )
    nvidia_repository: NvidiaRepositorySettings | None = Field(
        None,
        description="NVIDIA's repository, or a mirror of it. Default: the one of role "
        "nvidia_driver.",
    )

    @model_validator(mode="after")
    def _default_is_declared(self) -> CudaSettings:
        if self.toolkits and len(set(self.toolkits)) != len(self.toolkits):
            raise ValueError("a toolkit is listed twice")
        if self.default and self.source == "nvidia" and self.default not in self.series:
            raise ValueError(
                f"default {self.default} is none of the toolkits ({', '.join(self.series)}): "
                "add it to toolkits, or name another"
            )
        return self

    @model_validator(mode="after")
    def _libraries_are_of_source(self) -> CudaSettings:
        if self.source == "debian":
            if self.cudnn or self.nccl or self.cudnn_version or self.nccl_version:
                raise ValueError("source debian has no cuDNN and no NCCL: choose source nvidia")
            if self.default or (self.toolkits and len(self.toolkits) > 1):
                raise ValueError("source debian has one toolkit: leave default and others out")
        if self.cudnn is False and self.cudnn_version:
            raise ValueError("cudnn is False, and cudnn_version is set: leave one of them out")
        if self.nccl is False and self.nccl_version:
            raise ValueError("nccl is False, and nccl_version is set: leave one of them out")
        return self

    @model_validator(mode="after")
    def _nccl_is_of_the_major_version(self) -> CudaSettings:
        if self.nccl_version and self.source == "nvidia":
            built_for = self.nccl_version.rpartition("+cuda")[2]
            if major_of(built_for) != major_of(self.default_series):
                raise ValueError(
                    f"NCCL {self.nccl_version} is built for CUDA {major_of(built_for)}, and the "
                    f"default toolkit is {self.default_series}: name one for CUDA "
                    f"{major_of(self.default_series)}"
                )
        return self

    @property
    def series(self) -> tuple[str, ...]:
        """Return the toolkits, oldest first; with source debian, those that were named."""
        named = self.toolkits or ((DEFAULT_TOOLKIT,) if self.source == "nvidia" else ())
        return tuple(sorted(named, key=numbers))

    @property
    def names_toolkit(self) -> bool:
        """Say whether the inventory names a toolkit, be it by what was built for it."""
        return bool(self.toolkits or self.default or self.nccl_version)

    def fitted_to(self, devices: Devices) -> CudaSettings:
        """Return the settings with a toolkit for these GPUs where the inventory names none."""
        if self.source != "nvidia" or self.names_toolkit:
            return self
        return self.model_copy(update={"toolkits": (choose_toolkit(devices).series,)})

    @property
    def default_series(self) -> str:
        """Return the toolkit at /usr/local/cuda; with source nvidia only."""
        return self.default or self.series[-1]

    @property
    def wants_cudnn(self) -> bool:
        """Say whether cuDNN is to be there."""
        return self.source == "nvidia" and self.cudnn is not False

    @property
    def wants_nccl(self) -> bool:
        """Say whether NCCL is to be there."""
        return self.source == "nvidia" and self.nccl is not False


def numbers(series: str) -> tuple[int, ...]:
    """Return a series as numbers, to compare: (12, 6)."""
    return tuple(int(part) for part in series.split("."))


def major_of(series: str) -> int:
    """Return the major version of a series: 12 for ``12.6``."""
    return numbers(series)[0]
