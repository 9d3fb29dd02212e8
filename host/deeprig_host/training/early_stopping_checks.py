"""Whether early stopping stopped where it must, judged from the losses alone."""

from __future__ import annotations

from collections.abc import Sequence

from deeprig_host.training.evaluation import Check

#: Learning something comes before stopping: measured over ten seeds 0.11-0.35 of the
#: first loss, after 8 to 20 epochs.
_LARGEST_BEST_SHARE = 0.6


def stopping_checks(
    losses: Sequence[float], patience: int, most_epochs: int, restored_loss: float
) -> tuple[Check, ...]:
    """Judge validation losses, the first before any step, and the loss of the restored weights."""
    best = min(range(len(losses)), key=losses.__getitem__)
    ran = len(losses) - 1
    share = losses[best] / losses[0]
    return (
        Check("training is stopped", ran < most_epochs, f"before {most_epochs}", f"after {ran}"),
        Check(
            "it stops when patience is over",
            ran - best == patience,
            f"{patience} epochs after the best, {best}",
            f"after {ran}",
        ),
        Check(
            "it does not stop before it has learned",
            share <= _LARGEST_BEST_SHARE,
            f"best/first validation loss <= {_LARGEST_BEST_SHARE:g}",
            f"{share:.3f}",
        ),
        Check(
            "the best weights are restored",
            restored_loss == losses[best],
            f"validation loss {losses[best]:.6f}",
            f"{restored_loss:.6f}",
        ),
    )
