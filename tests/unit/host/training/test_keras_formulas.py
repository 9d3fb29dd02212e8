"""The formula of Keras' SGD, against numbers that were worked out by hand."""

import pytest
from deeprig_host.training import formulas


@pytest.fixture(name="keras_formulas")
def _keras_formulas():
    """The module alone: its package imports Keras, which is not here."""
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    path = Path(formulas.__file__).parent / "keras" / "formulas.py"
    spec = spec_from_file_location("keras_formulas", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_keras_takes_the_decay_off_the_weights(keras_formulas):
    # Weight 1 decays to 0.999; v1 = -0.01, w1 = 0.989; it decays to 0.988011;
    # v2 = -0.009 + 0.03 = 0.021, w2 = 1.009011.
    assert keras_formulas.sgd_steps()[0] == pytest.approx(1.009011, abs=1e-12)


def test_it_differs_from_the_decay_that_is_added_to_the_gradient(keras_formulas):
    off = formulas.largest_difference(keras_formulas.sgd_steps(), formulas.sgd_steps())
    assert off > 10 * formulas.TOLERANCE
