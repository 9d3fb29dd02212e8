"""The optimisers' formulas, against numbers that were worked out by hand."""

import math

import pytest
from deeprig_host.training import formulas


def test_sgd_as_by_hand():
    # Weight 1: v1 = 0.1 + 0.01 = 0.11, w1 = 0.989;
    # v2 = 0.099 - 0.3 + 0.00989 = -0.19111, w2 = 1.008111.
    assert formulas.sgd_steps()[0] == pytest.approx(1.008111, abs=1e-12)


def test_adamw_as_by_hand():
    # Weight 1 decays to 0.999; a first step is as long as the learning rate: 0.899.
    # It decays to 0.898101. m = 0.09 * 0.1 - 0.1 * 0.3 = -0.021, / 0.19; v = 0.000999 * 0.01 +
    # 0.001 * 0.09 = 0.00009999, / 0.001999.
    expected = 0.898101 - 0.1 * (-0.021 / 0.19) / math.sqrt(0.00009999 / 0.001999)
    assert formulas.adamw_steps()[0] == pytest.approx(expected, abs=1e-7)


def test_a_difference_is_the_largest():
    assert formulas.largest_difference((1.0, 2.0), (1.5, 0.0)) == 2.0
