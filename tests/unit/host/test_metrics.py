"""Metrics against values worked out by hand."""

import pytest
from deeprig_host.training.metrics import accuracy, confusion_matrix, macro_f1, macro_recall

# Rows are the truth. Class 0: 3 of 4 found; class 1: 1 of 2; class 2: all 2.
MATRIX = ((3, 1, 0), (0, 1, 1), (0, 0, 2))


def test_the_confusion_matrix_counts_truth_by_row_and_guess_by_column():
    truth = [0, 0, 0, 0, 1, 1, 2, 2]
    guess = [0, 0, 0, 1, 1, 2, 2, 2]
    assert confusion_matrix(truth, guess, 3) == MATRIX


def test_accuracy_is_the_share_of_the_diagonal():
    assert accuracy(MATRIX) == pytest.approx(6 / 8)


def test_macro_recall_gives_every_class_the_same_weight():
    assert macro_recall(MATRIX) == pytest.approx((3 / 4 + 1 / 2 + 1) / 3)


def test_macro_f1_is_the_mean_of_the_classes_harmonic_means():
    # Precision 1, 1/2, 2/3; recall 3/4, 1/2, 1. F1 = 6/7, 1/2, 4/5.
    assert macro_f1(MATRIX) == pytest.approx((6 / 7 + 1 / 2 + 4 / 5) / 3)


def test_a_class_that_is_never_seen_nor_predicted_counts_as_zero():
    matrix = confusion_matrix([0, 0], [0, 0], 2)
    assert accuracy(matrix) == 1.0
    assert macro_recall(matrix) == 0.5
    assert macro_f1(matrix) == 0.5


def test_guessing_one_class_always_is_accurate_on_skewed_data_but_has_a_low_macro_recall():
    matrix = confusion_matrix([0] * 9 + [1], [0] * 10, 2)
    assert accuracy(matrix) == 0.9
    assert macro_recall(matrix) == 0.5
    assert macro_f1(matrix) == pytest.approx((18 / 19) / 2)


def test_lengths_that_differ_are_an_error():
    with pytest.raises(ValueError, match="2 labels but 1 predictions"):
        confusion_matrix([0, 1], [0], 2)


@pytest.mark.parametrize(("truth", "guess"), [(-1, 0), (0, -1), (2, 0), (0, 2)])
def test_a_label_out_of_range_is_an_error_and_not_the_last_class(truth, guess):
    with pytest.raises(ValueError, match=r"not in 0\.\.1"):
        confusion_matrix([truth], [guess], 2)


def test_no_predictions_are_an_error_and_not_a_perfect_score():
    with pytest.raises(ValueError, match="nothing to measure"):
        accuracy(confusion_matrix([], [], 10))
    with pytest.raises(ValueError, match="no classes"):
        macro_recall(())
