"""A search is judged by its trials: all of them, the best, one that is hopeless, one repeated."""

from dataclasses import replace

import pytest
from deeprig_host.training.search import SETTINGS, Trial, best_of, search_checks

TRIALS = tuple(
    Trial(setting, 0.1 if setting.learning_rate == 1e-6 else 0.9 + setting.dropout / 100, 1.0)
    for setting in SETTINGS
)
BEST = best_of(TRIALS)


def bad(trials=TRIALS, chosen=BEST, repeated=BEST):
    return {c.name for c in search_checks(trials, chosen, repeated) if not c.is_good}


def test_a_sound_search_passes():
    assert bad() == set()
    assert BEST.validation_accuracy == max(trial.validation_accuracy for trial in TRIALS)


def test_of_equal_accuracies_the_lower_loss_is_better():
    one, other = (Trial(SETTINGS[0], 0.9, loss) for loss in (0.4, 0.3))
    assert best_of((one, other)) == other


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ({"trials": TRIALS[:-1]}, "every setting is tried once"),
        ({"trials": TRIALS[::-1]}, "every setting is tried once"),
        ({"chosen": TRIALS[2], "repeated": TRIALS[2]}, "the best on validation is chosen"),
        ({"repeated": replace(BEST, validation_loss=1.1)}, "a trial repeats itself"),
    ],
)
def test_each_slip_is_told(how, name):
    assert bad(**how) == {name}


def test_a_hopeless_setting_that_learns_is_told():
    trials = tuple(replace(t, validation_accuracy=0.95) for t in TRIALS)
    assert bad(trials, trials[0], trials[0]) == {"a hopeless setting measures as hopeless"}
