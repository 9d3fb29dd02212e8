"""Stop when validation has not improved for a while, and say which epoch was the best."""

from __future__ import annotations


class EarlyStopping:
    """Watches validation losses: ``patience`` epochs in a row that are no better end training."""

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best_loss = float("inf")
        self.best_epoch = -1
        self.epoch = -1

    def is_best(self, validation_loss: float) -> bool:
        """Take the next epoch's loss, and say whether it is the best so far. NaN never is."""
        self.epoch += 1
        if not validation_loss < self.best_loss:
            return False
        self.best_loss, self.best_epoch = validation_loss, self.epoch
        return True

    @property
    def must_stop(self) -> bool:
        """Say whether patience is over."""
        return self.epoch - self.best_epoch >= self.patience
