"""Case ``search``: learning rate and dropout are searched; the winner trains on, and is tested."""

from __future__ import annotations

from functools import partial

from deeprig_host.training import data, search
from deeprig_host.training.cases import CaseContext, CaseResult, judged
from deeprig_host.training.data import Split
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.pytorch import learning, networks, runtime
from deeprig_host.training.pytorch.trained import train_network
from deeprig_host.training.thresholds import check_limits
from deeprig_host.training.tolerances import of_repeated_training

_TRIAL_EPOCHS = 4
_WINNER_EPOCHS = 20
#: The share of the case after which the winner is known.
_SEARCHED = 0.6


def run(context: CaseContext) -> CaseResult:
    """Search on training and validation; the test part is looked at once, by the winner."""
    split = data.load_split(context.seed)
    trials = []
    for number, setting in enumerate(search.SETTINGS):
        context.emit(_SEARCHED * number / len(search.SETTINGS), setting.describe())
        trials.append(_try(split, setting, context))
    chosen = search.best_of(trials)
    repeated = _try(split, chosen.setting, context)
    tolerance = of_repeated_training(context.device)
    checks = search.search_checks(trials, chosen, repeated, tolerance)
    recipe = Recipe(_WINNER_EPOCHS, chosen.setting.learning_rate)
    build = partial(networks.convolutional, chosen.setting.dropout)
    winner = train_network(context, recipe, build, shares=(_SEARCHED, 1.0))
    scores = winner.scores()
    checks = (*checks, *check_limits("search", winner.metrics()), scores.check_unseen())
    table = [(t.setting.describe(), t.validation_accuracy, t.validation_loss) for t in trials]
    return judged(checks, scores.measurements(), winner.curves(), {"trials": table})


def _try(split: Split, setting: search.Setting, context: CaseContext) -> search.Trial:
    runtime.make_repeatable(context.seed)
    model = networks.convolutional(setting.dropout).to(context.device)
    recipe = Recipe(_TRIAL_EPOCHS, setting.learning_rate)
    last = learning.fit(model, split, recipe, context.seed, lambda epoch: False)[-1]
    return search.Trial(setting, last.validation_accuracy, last.validation_loss)
