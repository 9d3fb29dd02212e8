"""Forms in which Keras' models leave it, by backend: written here, read without Keras."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from deeprig_host.training.life.training import outputs_of
from deeprig_host.training.outputs import Outputs


@dataclass(frozen=True, slots=True)
class Form:
    """One form: ``format`` is Keras' word for it, ``needs`` what must be there beside Keras."""

    name: str
    format: str
    file: str
    needs: tuple[str, ...]
    read: Callable[[Path, Any, str], Any]
    options: Callable[[], dict[str, Any]] = dict

    def missing(self) -> tuple[str, ...]:
        """Return the packages that the environment does not have."""
        return tuple(name for name in self.needs if importlib.util.find_spec(name) is None)

    def write(self, learner: Any, workdir: Path) -> None:
        """Write the form with Keras' own exporter."""
        path = workdir / self.file
        learner.model.export(path, format=self.format, verbose=False, **self.options())

    def predict(self, workdir: Path, images: Any, device: str) -> Outputs:
        """Read the form and predict."""
        return outputs_of(self.read(workdir / self.file, images, device))


def _any_count() -> dict[str, Any]:
    """Without it a program takes one image alone (keras/src/export/torch.py)."""
    from torch.export import Dim

    return {"dynamic_shapes": {0: Dim("images")}}


def _read_program(path: Path, images: Any, device: str) -> Any:
    import torch

    program = torch.export.load(path).module()
    with torch.no_grad():
        return program(torch.from_numpy(images).to(device)).float().cpu().numpy()


def _read_onnx(path: Path, images: Any, device: str) -> Any:
    """ONNX Runtime on the CPU: what is judged is the exported file, not another GPU library."""
    from onnxruntime import InferenceSession

    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {session.get_inputs()[0].name: images})
    return logits.astype("float32")


def _read_saved_model(path: Path, images: Any, device: str) -> Any:
    import tensorflow as tf

    with tf.device("/GPU:0" if device.startswith("cuda") else "/CPU:0"):
        # The functions of a model do not keep its variables: the model must be held.
        model = tf.saved_model.load(str(path))
        return np.array(model.serve(images))


_SAVED_MODEL = Form("saved model", "tf_saved_model", "model.tf", ("tensorflow",), _read_saved_model)
_ONNX_NEEDS = ("onnx", "onnxruntime")
_ONNX_BY_TENSORFLOW = Form(
    "onnx", "onnx", "model.onnx", (*_ONNX_NEEDS, "tensorflow", "tf2onnx"), _read_onnx
)
#: Keras on JAX asks for it (keras/src/export/onnx.py).
_ONNX_BY_JAX = Form("onnx", "onnx", "model.onnx", (*_ONNX_NEEDS, "jax2onnx"), _read_onnx)
_BY_BACKEND: dict[str, tuple[Form, ...]] = {
    "torch": (
        Form("exported program", "torch", "model.pt2", (), _read_program, _any_count),
        Form("onnx", "onnx", "model.onnx", (*_ONNX_NEEDS, "onnxscript"), _read_onnx),
    ),
    "tensorflow": (_SAVED_MODEL, _ONNX_BY_TENSORFLOW),
    "jax": (_SAVED_MODEL, _ONNX_BY_JAX),
}
FORMS: tuple[Form, ...] = _BY_BACKEND[keras.backend.backend()]
