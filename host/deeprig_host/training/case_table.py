"""Every case of the suite, in the order in which they run. A new case is a row and its module."""

from __future__ import annotations

from deeprig_host.training.cases import Case
from deeprig_host.training.framework import SUITE_FRAMEWORKS

_PYTORCH = ("pytorch",)
#: Life has every framework.
_ALL = SUITE_FRAMEWORKS
#: soak is hours of burn after what smoke runs.
_ALWAYS = ("smoke", "acceptance", "soak")
_ACCEPTANCE = ("acceptance",)

CASES: tuple[Case, ...] = (
    Case("preprocess", "life", _ALL, _ALWAYS),
    Case("cnn", "life", _ALL, _ALWAYS),
    Case("sgd", "life", _ALL, _ACCEPTANCE),
    Case("recurrent", "life", _ALL, _ALWAYS),
    Case("tensorboard", "life", _ALL, _ALWAYS),
    Case("early_stopping", "life", _ALL, _ACCEPTANCE),
    Case("search", "life", _ALL, _ACCEPTANCE),
    Case("reload", "life", _ALL, _ALWAYS),
    Case("service", "life", _ALL, _ACCEPTANCE),
    Case("export", "life", _ALL, _ACCEPTANCE),
    Case("device_use", "gpu", _PYTORCH, _ALWAYS, needs_gpu=True),
    Case("mixed_bf16", "gpu", _PYTORCH, _ALWAYS),
    Case("mixed_fp16", "gpu", _PYTORCH, _ACCEPTANCE),
    Case("compile", "gpu", _PYTORCH, _ACCEPTANCE),
    Case("transfers", "gpu", _PYTORCH, _ACCEPTANCE, needs_gpu=True),
    Case("out_of_memory", "gpu", _PYTORCH, _ACCEPTANCE),
    Case("data_parallel", "gpu", ("pytorch", "tensorflow"), _ACCEPTANCE),
    Case("tensor_parallel", "gpu", _PYTORCH, _ACCEPTANCE),
    Case("pipeline_parallel", "gpu", _PYTORCH, _ACCEPTANCE),
    Case("peer_to_peer", "gpu", _PYTORCH, _ACCEPTANCE, needs_gpu=True),
    Case("nccl_tests", "gpu", _PYTORCH, _ACCEPTANCE, needs_gpu=True),
    Case("diagnosis", "gpu", _PYTORCH, _ACCEPTANCE, needs_gpu=True),
)


def cases_for(
    framework: str, profile: str, only: tuple[str, ...] = (), without: tuple[str, ...] = ()
) -> tuple[Case, ...]:
    """Return what a run runs. ``only`` names cases whatever the profile says.

    Raise ValueError for a name that is no case of this framework.
    """
    known = {case.name: case for case in CASES if framework in case.frameworks}
    strange = sorted(name for name in (*only, *without) if name not in known)
    if strange:
        raise ValueError(f"no case of {framework}: {', '.join(strange)} ({', '.join(known)})")
    return tuple(
        case
        for name, case in known.items()
        if name not in without and (name in only if only else profile in case.profiles)
    )
