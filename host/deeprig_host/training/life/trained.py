"""Train a network as a case asks, telling progress, and keep what the case will judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deeprig_host.training import data
from deeprig_host.training.cases import CaseContext, Measurement
from deeprig_host.training.data import Split
from deeprig_host.training.evaluation import Check, loss_ratio
from deeprig_host.training.life import training
from deeprig_host.training.life.learner import Learner, Tools, Weights
from deeprig_host.training.life.recipe import Epoch, Recipe, samples_per_second
from deeprig_host.training.outputs import Outputs
from deeprig_host.training.scores import Scores, scores_of

Build = Callable[[Recipe, int, str], Learner]


@dataclass(frozen=True, slots=True)
class TrainedNetwork:
    """A network after its training, the data, and what it says of the test part."""

    learner: Learner
    split: Split
    epochs: tuple[Epoch, ...]
    initial: Weights
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
    tools: Tools, context: CaseContext, recipe: Recipe, build: Build | None = None
) -> TrainedNetwork:
    """Train from the context's seed on its device; ``build`` is the convolutional network's."""
    tools.make_repeatable(context.seed)
    split = data.load_split(context.seed)
    learner = (build or tools.convolutional)(recipe, context.seed, context.device)
    initial = learner.weights()

    def watch(epoch: Epoch) -> bool:
        losses = f"loss {epoch.loss:.3f}, validation {epoch.validation_loss:.3f}"
        context.emit(epoch.number / recipe.epochs, f"epoch {epoch.number}: {losses}")
        return False

    epochs = training.fit(learner, split, recipe, context.seed, watch)
    outputs = training.predict(learner, split.test.images)
    return TrainedNetwork(learner, split, epochs, initial, outputs)


def check_device(trained: TrainedNetwork, context: CaseContext) -> Check:
    """The weights are where the run must be."""
    used = trained.learner.place()
    is_there = used.split(" ")[0] == context.device
    return Check("trained on the device", is_there, context.device, used)


def check_every_layer_learns(trained: TrainedNetwork) -> Check:
    """A frozen layer trains nothing, even where the others make up for it."""
    now = trained.learner.weights()
    frozen = [name for name, start in trained.initial.items() if bool((now[name] == start).all())]
    actual = f"unchanged: {', '.join(frozen)}" if frozen else f"{len(now)} changed"
    return Check("every layer learns", bool(now) and not frozen, "all weights change", actual)


def check_dropout(trained: TrainedNetwork) -> Check:
    """Dropout acts in training and is off in prediction: there, twice the same bits."""
    learner, images = trained.learner, trained.split.test.images
    is_off = learner.logits(images).tobytes() == learner.logits(images).tobytes()
    once, again = (learner.logits_in_training(images).tobytes() for _ in range(2))
    is_on = once != again
    actual = f"in training {'on' if is_on else 'off'}, in prediction {'off' if is_off else 'on'}"
    return Check("dropout", is_on and is_off, "in training on, in prediction off", actual)
