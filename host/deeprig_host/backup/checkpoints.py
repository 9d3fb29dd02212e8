"""Which checkpoints of a training are superseded: steps before the newest, never best or last.

Consecutive checkpoints do not deduplicate (252 MB of AdamW state stores 252 MB again), so every
step would be kept in full in every repository.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from pathlib import Path

#: ``epoch=3-step=1000.ckpt``, ``model_step_1000.pt``, ``checkpoint-12.pth``: a word, its number,
#: perhaps more of them, and the ending of a framework. A name that tells a loss or an accuracy is
#: one that a training chose to keep, and matches nothing here.
_WORDS = ("step", "epoch", "iter", "iteration", "checkpoint", "ckpt")
_WORD = rf"(?:{'|'.join(_WORDS)})"
_FILE = re.compile(
    rf"(?P<stem>.*?)(?P<steps>(?<![a-z]){_WORD}[-_=]?\d+(?:[-_]{_WORD}[-_=]?\d+)*)"
    r"(?P<ending>\.(?:pt|pth|ckpt|safetensors|h5|keras|npz|pth\.tar|weights\.h5))",
    re.IGNORECASE,
)
#: How every name that the pattern takes ends: asked first, since a data set has a million files and
#: this costs a tenth of the pattern.
_ENDINGS = (".pt", ".pth", ".ckpt", ".safetensors", ".h5", ".keras", ".npz", ".tar")
_KEPT = re.compile(r"best|last|latest|final|top", re.IGNORECASE)
#: Hugging Face's Trainer and DeepSpeed; other numbered directories may be anybody's.
_DIRECTORY = re.compile(r"(?P<stem>)(?P<steps>checkpoint-\d+|global_step\d+)(?P<ending>)")
#: So long after it was last written to, the newest may not be whole: the one before it is kept too.
_WRITING_SECONDS = 600.0
_WEIGHTS = (".pt", ".pth", ".bin", ".safetensors", ".ckpt")


def may_be_step(target: str) -> bool:
    """Say whether a link to this may lead to a step of a training, or into one."""
    return target.lower().endswith(_ENDINGS) or any(
        _DIRECTORY.fullmatch(part) for part in target.split("/")
    )


def may_name_steps(names: str) -> bool:
    """Say whether a step may be among names, which are asked about all at once, as one text."""
    text = names.lower()
    return any(word in text for word in _WORDS)


def superseded(directory: Path, names: Iterable[str], keep: int) -> tuple[str, ...]:
    """Return those files of a directory that are steps before the ``keep`` newest.

    Kept are the newest by number and the newest by time: a training that was begun again counts
    from small numbers.
    """
    possible = [name for name in names if name.lower().endswith(_ENDINGS)]
    return _before_newest(directory, possible, _FILE, keep)


def superseded_directories(directory: Path, names: Iterable[str], keep: int) -> tuple[str, ...]:
    """Return those directories that are steps before the ``keep`` newest and hold weights.

    The one that a Trainer calls its best is kept too.
    """
    listed = tuple(names)
    found = _before_newest(directory, listed, _DIRECTORY, keep)
    if not found:
        return ()
    best = {_best_named_by(directory / name) for name in listed if name not in found}
    return tuple(name for name in found if name not in best and _holds_weights(directory / name))


def _before_newest(
    directory: Path, names: Iterable[str], pattern: re.Pattern[str], keep: int
) -> tuple[str, ...]:
    groups: dict[tuple[str, str, str], list[tuple[tuple[int, ...], str]]] = {}
    for name in names:
        match = pattern.fullmatch(name)
        if match and not _KEPT.search(name):
            steps = re.sub(r"\d+", "#", match["steps"])
            numbers = tuple(int(number) for number in re.findall(r"\d+", match["steps"]))
            group = (match["stem"], steps, match["ending"])
            groups.setdefault(group, []).append((numbers, name))
    return tuple(name for group in groups.values() for name in _older(directory, group, keep))


def _older(directory: Path, group: list[tuple[tuple[int, ...], str]], keep: int) -> tuple[str, ...]:
    if len(group) <= keep:
        return ()
    by_number = [name for _, name in sorted(group)]
    times = {name: (directory / name).lstat().st_mtime for name in by_number}
    by_time = sorted(by_number, key=times.__getitem__)
    is_young = time.time() - times[by_time[-1]] < _WRITING_SECONDS
    kept = {*by_number[-keep:], *by_time[-keep - is_young :]}
    return tuple(name for name in by_number if name not in kept)


def _best_named_by(checkpoint: Path) -> str:
    """Return the name of the best checkpoint by Hugging Face's ``trainer_state.json``."""
    state = checkpoint / "trainer_state.json"
    if not state.is_file():
        return ""
    try:
        told = json.loads(state.read_text(encoding="utf-8"))
    except ValueError as error:
        raise OSError(f"{state}: {error}") from error
    best = told.get("best_model_checkpoint") if isinstance(told, dict) else None
    return Path(best).name if isinstance(best, str) else ""


def _holds_weights(directory: Path) -> bool:
    return any(entry.name.endswith(_WEIGHTS) for entry in directory.iterdir())
