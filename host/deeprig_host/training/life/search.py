"""Case ``search``: learning rate and dropout are searched; the winner trains on, and is tested."""

from __future__ import annotations

from deeprig_host.training import data, search
from deeprig_host.training.cases import CaseContext, CaseResult, judged
from deeprig_host.training.data import Split
from deeprig_host.training.life import training
from deeprig_host.training.life.learner import Tools
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.life.trained import train_network
from deeprig_host.training.thresholds import check_limits
from deeprig_host.training.tolerances import of_repeated_training

_TRIAL_EPOCHS = 4
_WINNER_EPOCHS = 20


def run(tools: Tools, context: CaseContext) -> CaseResult:
    """Search on training and validation; the test part is looked at once, by the winner."""
    split = data.load_split(context.seed)
    trials = []
    for number, setting in enumerate(search.SETTINGS):
        context.emit(number / (len(search.SETTINGS) + 2), setting.describe())
        trials.append(_try(tools, split, setting, context))
    chosen = search.best_of(trials)
    repeated = _try(tools, split, chosen.setting, context)
    checks = search.search_checks(trials, chosen, repeated, of_repeated_training(context.device))
    winner = train_network(tools, context, _recipe(_WINNER_EPOCHS, chosen.setting))
    scores = winner.scores()
    checks = (*checks, *check_limits("search", winner.metrics()), scores.check_unseen())
    table = [(t.setting.describe(), t.validation_accuracy, t.validation_loss) for t in trials]
    return judged(checks, scores.measurements(), winner.curves(), {"trials": table})


def _try(tools: Tools, split: Split, setting: search.Setting, context: CaseContext) -> search.Trial:
    tools.make_repeatable(context.seed)
    recipe = _recipe(_TRIAL_EPOCHS, setting)
    learner = tools.convolutional(recipe, context.seed, context.device)
    last = training.fit(learner, split, recipe, context.seed, lambda epoch: False)[-1]
    return search.Trial(setting, last.validation_accuracy, last.validation_loss)


def _recipe(epochs: int, setting: search.Setting) -> Recipe:
    return Recipe(epochs, setting.learning_rate, dropout=setting.dropout)
