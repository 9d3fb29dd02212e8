"""Raw outputs: labels, digests and differences."""

import math
from array import array

import pytest
from deeprig_host.training.outputs import Outputs, max_difference
from deeprig_host.training.reload import compare


def outputs(*numbers, width=2):
    return Outputs(array("f", numbers).tobytes(), width)


def test_the_label_is_the_place_of_the_largest_number():
    assert outputs(0.5, -1.0, -3.0, -2.0, 7.0, 7.0).labels() == (0, 1, 0)


def test_nan_gives_no_label():
    with pytest.raises(ValueError, match="NaN"):
        outputs(math.nan, 1.0).labels()


@pytest.mark.parametrize(("size", "width"), [(7, 2), (4, 2), (4, 0)])
def test_bytes_that_are_no_whole_rows_are_an_error(size, width):
    with pytest.raises(ValueError, match="are no rows"):
        Outputs(b"\0" * size, width)


def test_equal_bytes_are_identical():
    check = compare(outputs(1.0, 2.0), outputs(1.0, 2.0)).check()
    assert check.is_good
    assert check.actual.startswith("identical, sha256 ")


def test_one_bit_of_difference_is_not_identical():
    one, next_number = 1.0, 1.0 + 2**-23
    comparison = compare(outputs(one, 2.0), outputs(next_number, 2.0))
    assert comparison.max_difference == 2**-23
    assert not comparison.check().is_good
    assert comparison.check().actual == "max difference 1.19209e-07"


def test_other_shapes_and_nan_differ_without_bound():
    assert max_difference(outputs(1.0, 2.0), outputs(1.0, 2.0, 3.0, 4.0)) == math.inf
    assert max_difference(outputs(1.0, 2.0), outputs(1.0, 2.0, width=1)) == math.inf
    assert max_difference(outputs(1.0, math.nan), outputs(1.0, 2.0)) == math.inf


def test_rows_and_parts_are_of_samples():
    found = outputs(1.0, 2.0, 3.0, 4.0, 5.0, 6.5)
    assert found.samples == 3
    assert found.rows() == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.5]]
    assert found.part(1, 2).rows() == [[3.0, 4.0]]
    assert found.part(0, 3) == found
    assert found.part(3, 4).samples == 0
