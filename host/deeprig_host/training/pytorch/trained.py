"""Train a network as a case asks, telling progress, and keep what the case will judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deeprig_host.training import data
from deeprig_host.training.cases import CaseContext, Measurement
from deeprig_host.training.data import Split
from deeprig_host.training.evaluation import Check, loss_ratio
from deeprig_host.training.life.recipe import Epoch, Recipe, samples_per_second
from deeprig_host.training.outputs import Outputs
from deeprig_host.training.pytorch import learning, networks, runtime
from deeprig_host.training.scores import Scores, scores_of


@dataclass(frozen=True, slots=True)
class TrainedNetwork:
    """A network after its training, the data, and what it says of the test part."""

    model: Any
    split: Split
    epochs: tuple[Epoch, ...]
    initial: dict[str, Any]
    test_outputs: Outputs

    def scores(self) -> Scores:
        """Return how well the test part is predicted."""
        return scores_of(self.split, self.split.test, self.test_outputs)

    def metrics(self) -> dict[str, float]:
        """Return the scores and the fall of the loss."""
        falls = loss_ratio(tuple(epoch.loss for epoch in self.epochs))
        return self.scores().metrics() | {"loss_ratio": falls}

    def measurements(self) -> tuple[Measurement, ...]:
        """Return the scores, and how fast the training was."""
        speed = samples_per_second(self.epochs, len(self.split.train.labels))
        found = () if speed is None else (Measurement("images", speed, "1/s", "higher"),)
        return (*self.scores().measurements(), *found)

    def curves(self) -> dict[str, tuple[float, ...]]:
        """Return loss and validation per epoch, the first before any step."""
        return {
            "loss": tuple(epoch.loss for epoch in self.epochs),
            "validation_loss": tuple(epoch.validation_loss for epoch in self.epochs),
            "validation_accuracy": tuple(epoch.validation_accuracy for epoch in self.epochs),
        }


def train_network(
    context: CaseContext,
    recipe: Recipe,
    build: Any = networks.convolutional,
    shares: tuple[float, float] = (0.0, 1.0),
) -> TrainedNetwork:
    """Train from the context's seed on its device. ``shares``: of the case, its begin and end."""
    runtime.make_repeatable(context.seed)
    split = data.load_split(context.seed)
    model = build().to(context.device)
    initial = copy_of(model)
    start, end = shares

    def watch(epoch: Epoch) -> bool:
        told = (
            f"epoch {epoch.number}: loss {epoch.loss:.3f}, validation {epoch.validation_loss:.3f}"
        )
        context.emit(start + (end - start) * epoch.number / recipe.epochs, told)
        return False

    epochs = learning.fit(model, split, recipe, context.seed, watch)
    outputs = learning.predict(model, split.test.images)
    return TrainedNetwork(model, split, epochs, initial, outputs)


def copy_of(model: Any) -> dict[str, Any]:
    """Return the weights as they are now, on the CPU."""
    return {name: one.detach().cpu().clone() for name, one in model.state_dict().items()}


def check_device(trained: TrainedNetwork, context: CaseContext) -> Check:
    """The weights are where the run must be."""
    used = runtime.place(trained.model)
    return Check(
        "trained on the device", used.split(" ")[0] == context.device, context.device, used
    )


def check_every_layer_learns(trained: TrainedNetwork) -> Check:
    """A frozen layer trains nothing, even where the others make up for it."""
    now = copy_of(trained.model)
    frozen = [name for name, start in trained.initial.items() if bool((now[name] == start).all())]
    actual = f"unchanged: {', '.join(frozen)}" if frozen else f"{len(now)} changed"
    return Check("every layer learns", bool(now) and not frozen, "all weights change", actual)


def check_dropout(trained: TrainedNetwork) -> Check:
    """Dropout acts in training and is off in prediction: there, twice the same bits."""
    images = trained.split.test.images
    once, again = (learning.predict(trained.model, images) for _ in range(2))
    is_off = once.raw == again.raw
    is_on = _differs_in_training(trained, images)
    actual = f"in training {'on' if is_on else 'off'}, in prediction {'off' if is_off else 'on'}"
    return Check("dropout", is_on and is_off, "in training on, in prediction off", actual)


def _differs_in_training(trained: TrainedNetwork, images: Any) -> bool:
    import torch

    there = torch.from_numpy(images).to(learning.device_of(trained.model))
    trained.model.train()
    with torch.no_grad():
        once, again = trained.model(there), trained.model(there)
    trained.model.eval()
    return not bool(torch.equal(once, again))
