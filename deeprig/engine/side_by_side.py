"""Work on several hosts at once where nothing of it is worth finishing after a Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gevent.pool import Pool

from deeprig.engine.interruption import Abandoned, interruptible


def side_by_side(works: Iterable[Callable[[], None]], parallel: int) -> bool:
    """Do the works, ``parallel`` at once. Return whether the person interrupted them.

    Each keeps its own trouble; what one raises is a mistake of ours, and raised here.
    """
    pool = Pool(parallel)
    with interruptible(lambda: None, patience=0) as interruption:
        for work in works:
            pool.wait_available()
            if interruption.is_asked:
                break
            # One by one: a Ctrl-C must find those that run while others wait for their turn.
            interruption.greenlets.append(pool.spawn(work))
        pool.join()
        was_interrupted = interruption.is_asked
    for greenlet in interruption.greenlets:
        if not isinstance(greenlet.value, Abandoned):
            greenlet.get()
    return was_interrupted
