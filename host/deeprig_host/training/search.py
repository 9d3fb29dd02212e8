"""A small hyperparameter search: every setting is tried the same way, validation chooses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deeprig_host.training.evaluation import Check


@dataclass(frozen=True, slots=True)
class Setting:
    """What is searched."""

    learning_rate: float
    dropout: float

    def describe(self) -> str:
        """Return the setting in words."""
        return f"learning rate {self.learning_rate:g}, dropout {self.dropout:g}"


@dataclass(frozen=True, slots=True)
class Trial:
    """A setting and what it reached on validation: a share of 1, and the loss."""

    setting: Setting
    validation_accuracy: float
    validation_loss: float


#: Learning rates from one that moves nothing to one that learns in a few epochs.
SETTINGS: tuple[Setting, ...] = tuple(
    Setting(rate, dropout) for rate in (1e-6, 1e-3, 1e-2) for dropout in (0.0, 0.3)
)
#: Measured over ten seeds: a rate of 1e-6 reaches 0.08-0.20, chance; the best 0.96-0.98.
_HOPELESS_ACCURACY = 0.5


def best_of(trials: Sequence[Trial]) -> Trial:
    """Return the trial with the best validation accuracy; of equal ones, the lowest loss."""
    return max(trials, key=lambda trial: (trial.validation_accuracy, -trial.validation_loss))


def search_checks(
    trials: Sequence[Trial], chosen: Trial, repeated: Trial, tolerance: float = 0.0
) -> tuple[Check, ...]:
    """Judge a search: all settings, the right choice, a choice that matters, the same once more.

    ``tolerance`` is of the loss of the trial that is repeated.
    """
    accuracies = [trial.validation_accuracy for trial in trials]
    tried = [trial.setting for trial in trials]
    hopeless = [t for t in trials if t.setting.learning_rate <= 1e-6]
    worst = max((t.validation_accuracy for t in hopeless), default=1.0)
    return (
        Check(
            "every setting is tried once",
            tried == list(SETTINGS),
            f"{len(SETTINGS)} settings",
            f"{len(tried)} trials of {len(set(tried))} settings",
        ),
        Check(
            "the best on validation is chosen",
            chosen.validation_accuracy == max(accuracies),
            f"{max(accuracies):.4f}",
            f"{chosen.validation_accuracy:.4f} ({chosen.setting.describe()})",
        ),
        Check(
            "a hopeless setting measures as hopeless",
            worst < _HOPELESS_ACCURACY,
            f"< {_HOPELESS_ACCURACY:g} at learning rate 1e-6",
            f"{worst:.4f}",
        ),
        _check_repeats(chosen, repeated, tolerance),
    )


def _check_repeats(chosen: Trial, repeated: Trial, tolerance: float) -> Check:
    off = abs(repeated.validation_loss - chosen.validation_loss)
    is_good = repeated.setting == chosen.setting and off <= tolerance
    expected = f"the same setting and seed: loss within {tolerance:g}"
    return Check("a trial repeats itself", is_good, expected, f"{off:.1e} off")
