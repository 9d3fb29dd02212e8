"""Early stopping counts epochs without a better loss; and its judge knows when it did not."""

import math

from deeprig_host.training.early_stopping import EarlyStopping
from deeprig_host.training.early_stopping_checks import stopping_checks


def fed(losses, patience):
    stopper = EarlyStopping(patience)
    for loss in losses:
        stopper.is_best(loss)
        if stopper.must_stop:
            break
    return stopper


def bad(losses, patience, most, restored):
    checks = stopping_checks(losses, patience, most, restored)
    return {check.name for check in checks if not check.is_good}


def test_it_stops_when_patience_is_over_and_knows_the_best():
    stopper = fed((2.0, 1.0, 1.5, 1.0, 1.2, 0.1), patience=3)
    assert (stopper.epoch, stopper.best_epoch, stopper.best_loss) == (4, 1, 1.0)


def test_no_number_is_never_the_best():
    stopper = fed((math.nan, 1.0, math.nan, math.nan), patience=2)
    assert (stopper.must_stop, stopper.best_epoch) == (True, 1)
    assert fed((math.nan,) * 5, patience=3).epoch == 2


def test_a_sound_stop_passes():
    assert bad((2.0, 1.0, 1.5, 1.2), 2, 10, 1.0) == set()


def test_each_way_to_stop_wrongly_is_told():
    assert bad((2.0, 1.0, 1.5), 2, 10, 1.0) == {"it stops when patience is over"}
    assert bad((2.0, 1.0, 1.5, 1.2), 2, 3, 1.0) == {"training is stopped"}
    assert bad((2.0, 1.9, 2.5, 2.2), 2, 10, 1.9) == {"it does not stop before it has learned"}
    assert bad((2.0, 1.0, 1.5, 1.2), 2, 10, 1.2) == {"the best weights are restored"}
    assert bad((2.0, 1.0, 1.5, 1.2), 2, 10, math.nan) == {"the best weights are restored"}
