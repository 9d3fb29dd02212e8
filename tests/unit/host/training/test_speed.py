"""How fast a training was, from the times of its epochs."""

from deeprig_host.training.life.recipe import Epoch, samples_per_second


def _epochs(*seconds):
    return tuple(Epoch(n, 1.0, 1.0, 0.5, one) for n, one in enumerate((0.0, *seconds)))


def test_the_first_epoch_and_a_slow_one_between_do_not_count():
    assert samples_per_second(_epochs(30.0, 0.5, 9.0, 0.5), 1000) == 2000.0


def test_of_one_epoch_nothing_is_known():
    assert samples_per_second(_epochs(1.0), 1000) is None
    assert samples_per_second(_epochs(), 1000) is None


def test_a_clock_that_stands_still_is_no_speed():
    assert samples_per_second(_epochs(1.0, 0.0, 0.0), 1000) is None
