"""The form in which TensorFlow's models leave it: a SavedModel, for any image count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from deeprig_host.training.life.training import outputs_of
from deeprig_host.training.outputs import Outputs
from deeprig_host.training.tensorflow import runtime


class SavedModel:
    """A graph with its weights, as TensorFlow Serving takes it."""

    name = "saved model"
    _directory = "saved_model"

    def missing(self) -> tuple[str, ...]:
        """TensorFlow brings all of it."""
        return ()

    def write(self, learner: Any, workdir: Path) -> None:
        """Write the form; the function that predicts is all that is in it."""
        module = tf.Module()
        module.params = learner.params
        module.predict = learner.predict
        tf.saved_model.save(
            module,
            str(workdir / self._directory),
            signatures=module.predict.get_concrete_function(),
        )

    def predict(self, workdir: Path, images: Any, device: str) -> Outputs:
        """Read the form and predict by its signature."""
        with runtime.on(device):
            told = tf.saved_model.load(str(workdir / self._directory))
            (logits,) = told.signatures["serving_default"](tf.constant(images)).values()
        return outputs_of(logits.numpy())


FORMS = (SavedModel(),)
