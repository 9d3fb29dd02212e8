"""Forms in which PyTorch's models leave it: written here, read without the network's own code."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from deeprig_host.training.data import CLASSES
from deeprig_host.training.outputs import Outputs
from deeprig_host.training.pytorch import learning

#: So many images show the exporter that the first dimension is free; with 1 it would be fixed.
_EXAMPLE_IMAGES = 2


@dataclass(frozen=True, slots=True)
class Form:
    """One form: what it needs beside PyTorch, how it is written and how it predicts."""

    name: str
    file: str
    needs: tuple[str, ...]
    write: Callable[[Any, Any, Path], None]
    predict: Callable[[Path, Any, str], Outputs]

    def missing(self) -> tuple[str, ...]:
        """Return the packages that the environment does not have."""
        return tuple(name for name in self.needs if importlib.util.find_spec(name) is None)


def predict_exported(form: str, images: Any, workdir: Path, device: str) -> Outputs:
    """Load an exported model and predict. Raise KeyError for a form that is none."""
    chosen = {one.name: one for one in FORMS}[form]
    return chosen.predict(workdir / chosen.file, images, device)


def example(model: Any, images: Any) -> Any:
    """Return the few images that an exporter traces with."""
    return torch.from_numpy(images[:_EXAMPLE_IMAGES]).to(learning.device_of(model))


def _write_torchscript(model: Any, images: Any, path: Path) -> None:
    torch.jit.trace(model, images).save(str(path))


def _write_program(model: Any, images: Any, path: Path) -> None:
    torch.export.save(torch.export.export(model, (images,), dynamic_shapes=_any_count()), path)


def _write_onnx(model: Any, images: Any, path: Path) -> None:
    torch.onnx.export(
        model, (images,), str(path), dynamic_shapes=_any_count(), dynamo=True, verbose=False
    )


def _any_count() -> tuple[dict[int, Any], ...]:
    return ({0: torch.export.Dim("images")},)


def _predict_torchscript(path: Path, images: Any, device: str) -> Outputs:
    return _outputs(torch.jit.load(str(path), map_location=device), images, device)


def _predict_program(path: Path, images: Any, device: str) -> Outputs:
    return _outputs(torch.export.load(path).module(), images, device)


def _outputs(model: Any, images: Any, device: str) -> Outputs:
    with torch.no_grad():
        logits = model(torch.from_numpy(images).to(device)).float().cpu()
    return Outputs(logits.numpy().tobytes(), CLASSES)


def _predict_onnx(path: Path, images: Any, device: str) -> Outputs:
    """ONNX Runtime on the CPU: what is judged is the exported file, not another GPU library."""
    from onnxruntime import InferenceSession

    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {session.get_inputs()[0].name: images})
    return Outputs(logits.astype("float32").tobytes(), CLASSES)


FORMS: tuple[Form, ...] = (
    Form("torchscript", "model.torchscript", (), _write_torchscript, _predict_torchscript),
    Form("exported program", "model.pt2", (), _write_program, _predict_program),
    Form("onnx", "model.onnx", ("onnx", "onnxscript", "onnxruntime"), _write_onnx, _predict_onnx),
)
