"""The form in which JAX's functions leave it: StableHLO by ``jax.export``, for any image count."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import jax
import numpy as np

from deeprig_host.training.jax import networks
from deeprig_host.training.jax.runtime import device_of
from deeprig_host.training.life.training import outputs_of
from deeprig_host.training.outputs import Outputs

#: ``jax.export`` writes with it, but JAX does not bring it.
_NEEDS = "flatbuffers"


class StableHlo:
    """The trained function with its weights in it."""

    name = "stablehlo"
    _file = "model.stablehlo"

    def missing(self) -> tuple[str, ...]:
        """Return what JAX asks for beside itself, where it is not there."""
        return () if importlib.util.find_spec(_NEEDS) else (_NEEDS,)

    def write(self, learner: Any, workdir: Path) -> None:
        """Write the form for the learner's device."""
        from jax import export

        network, params = learner.network, learner.params
        shape = export.symbolic_shape("n, 1, 8, 8")
        images = jax.ShapeDtypeStruct(shape, "float32")
        predict = jax.jit(lambda given: networks.logits(network, params, given))
        (workdir / self._file).write_bytes(export.export(predict)(images).serialize())

    def predict(self, workdir: Path, images: Any, device: str) -> Outputs:
        """Read the form and predict."""
        from jax import export

        told = export.deserialize(bytearray((workdir / self._file).read_bytes()))
        there = jax.device_put(images, device_of(device))
        return outputs_of(np.array(told.call(there)))


FORMS = (StableHlo(),)
