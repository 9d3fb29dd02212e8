"""Every fault that is planted, and the checks that must notice it.

A fault is one that happens: a library or driver that computes wrong, an environment that lost
something, a slip in training code. It is an edit of the suite's source, because that is the one
place that also reaches the processes that the suite starts.
"""

from tests.contract.mutations.gpu_table import GPU_MUTATIONS
from tests.contract.mutations.mutation import Mutation, library

_CNN = "pytorch/cnn.py"
_DATA = "data.py"
_LEARNING = "pytorch/learning.py"
_NETWORKS = "pytorch/networks.py"
_RELOAD = "pytorch/reload.py"
_SERVICE = "pytorch/service.py"

LEARNS = frozenset({"loss falls", "accuracy", "macro recall", "macro F1"})
FORMULA = "a step is as its formula"
LAYERS = "every layer learns"
UNSEEN = "measured on images that training did not see"
DROPOUT = "dropout"
RELOADED = "saved, reloaded in a new process, predicts identically"
RESUMED = "cut and gone on from a checkpoint, it trains as in one go"
PATIENCE = "it stops when patience is over"
TRIED = "every setting is tried once"
SERVED = "it predicts as the trained model"


MUTATIONS = (
    # The data.
    Mutation(
        "a pixel of the data set is damaged",
        "preprocess",
        (
            (
                _DATA,
                "CLASSES = 10\n",
                "CLASSES = 10\nimport sklearn.datasets\n_load = sklearn.datasets.load_digits\n"
                "def _damaged():\n    digits = _load()\n    digits.images[5, 4, 4] += 1\n"
                "    return digits\nsklearn.datasets.load_digits = _damaged\n",
            ),
        ),
        frozenset({"the digits are the known 1,797"}),
    ),
    Mutation(
        "the test part leaks into training",
        "preprocess",
        (
            (
                _DATA,
                "    mean, spread =",
                "    import numpy\n"
                "    train_images = numpy.concatenate((train_images, test_images))\n"
                "    train_labels = numpy.concatenate((train_labels, test_labels))\n"
                "    mean, spread =",
            ),
        ),
        frozenset({"no image is in two parts", "three parts of images"}),
        is_quick=True,
    ),
    Mutation(
        "the test part leaks into training",
        "cnn",
        (
            (
                _DATA,
                "    mean, spread =",
                "    import numpy\n"
                "    train_images = numpy.concatenate((train_images, test_images))\n"
                "    train_labels = numpy.concatenate((train_labels, test_labels))\n"
                "    mean, spread =",
            ),
        ),
        frozenset({UNSEEN}),
    ),
    Mutation(
        "images are not divided by their spread",
        "preprocess",
        ((_DATA, "Part((train_images - mean) / spread,", "Part((train_images - mean),"),),
        frozenset({"normalised"}),
    ),
    Mutation(
        "the parts are not stratified",
        "preprocess",
        ((_DATA, "stratify=labels, ", ""),),
        frozenset({"each part has each class in the same share"}),
    ),
    Mutation(
        "augmentation does nothing",
        "preprocess",
        (
            (
                "augment.py",
                "    most = _LARGEST_SHIFT_PIXELS\n",
                "    return images\n    most = 1\n",
            ),
        ),
        frozenset({"augmentation changes images"}),
    ),
    Mutation(
        "augmentation moves by two pixels",
        "preprocess",
        (("augment.py", "_LARGEST_SHIFT_PIXELS = 1", "_LARGEST_SHIFT_PIXELS = 2"),),
        frozenset({"augmentation only shifts"}),
    ),
    Mutation(
        "augmentation mirrors",
        "preprocess",
        (("augment.py", "columns = np.arange(width)[", "columns = np.arange(width)[::-1]["),),
        frozenset({"augmentation only shifts"}),
    ),
    Mutation(
        "the loader loses its last batch",
        "preprocess",
        (("pytorch/preprocess.py", "shuffle=True,", "shuffle=True, drop_last=True,"),),
        frozenset({"2 worker processes load every image once, shuffled, onto the device"}),
    ),
    Mutation(
        "the loader forgets to shuffle",
        "preprocess",
        (("pytorch/preprocess.py", "shuffle=True,", "shuffle=False,"),),
        frozenset({"2 worker processes load every image once, shuffled, onto the device"}),
    ),
    # Training.
    Mutation(
        "the optimiser takes no step",
        "cnn",
        (library(_LEARNING, "torch.optim.AdamW.step = lambda self, closure=None: None"),),
        LEARNS | {LAYERS, FORMULA},
        is_quick=True,
    ),
    Mutation(
        "the optimiser climbs",
        "cnn",
        ((_LEARNING, "**more\n", "**more, maximize=True\n"),),
        LEARNS | {FORMULA},
        is_quick=True,
    ),
    Mutation(
        "the learning rate is 0",
        "cnn",
        ((_LEARNING, "lr=recipe.learning_rate", "lr=0.0"),),
        LEARNS | {LAYERS, FORMULA},
        is_quick=True,
    ),
    Mutation(
        "steps are a tenth too long",
        "cnn",
        ((_LEARNING, "lr=recipe.learning_rate", "lr=recipe.learning_rate * 1.1"),),
        frozenset({FORMULA}),
    ),
    Mutation(
        "weight decay is ignored",
        "cnn",
        ((_LEARNING, "weight_decay=recipe.weight_decay", "weight_decay=0.0"),),
        frozenset({FORMULA}),
    ),
    Mutation(
        "gradients are never cleared",
        "cnn",
        (
            library(
                _LEARNING,
                "torch.optim.Optimizer.zero_grad = lambda self, set_to_none=True: None",
            ),
        ),
        frozenset({FORMULA}),
    ),
    Mutation(
        "convolution's gradient is 1 % wrong",
        "cnn",
        (
            library(
                _NETWORKS,
                "_conv = torch.nn.Conv2d.forward",
                "def _wrong(self, images):",
                "    out = _conv(self, images)",
                "    if out.requires_grad:",
                "        out.register_hook(lambda gradient: gradient * 1.01)",
                "    return out",
                "torch.nn.Conv2d.forward = _wrong",
            ),
        ),
        frozenset({"gradients are right"}),
    ),
    Mutation(
        "the first layer is frozen",
        "cnn",
        (
            (
                _NETWORKS,
                "nn.Conv2d(1, 16, 3, padding=1),",
                "nn.Conv2d(1, 16, 3, padding=1).requires_grad_(False),",
            ),
        ),
        frozenset({LAYERS}),
        is_quick=True,
    ),
    Mutation(
        "all weights are frozen",
        "cnn",
        (
            (
                _LEARNING,
                "        self.model = model\n",
                "        self.model = model.requires_grad_(False)\n",
            ),
        ),
        says="does not require grad",
    ),
    Mutation(
        "labels are shuffled",
        "cnn",
        (
            (
                _DATA,
                "    mean, spread =",
                "    import numpy\n"
                "    train_labels = numpy.random.default_rng(seed).permutation(train_labels)\n"
                "    mean, spread =",
            ),
        ),
        LEARNS,
        is_quick=True,
    ),
    Mutation(
        "one class is taken for another",
        "cnn",
        (
            (
                _DATA,
                "    mean, spread =",
                "    train_labels[train_labels == 4] = 9\n    mean, spread =",
            ),
        ),
        frozenset({"accuracy", "macro recall", "macro F1"}),
    ),
    Mutation(
        "metrics are computed on the training part",
        "cnn",
        (
            (
                "pytorch/trained.py",
                "return scores_of(self.split, self.split.test, self.test_outputs)",
                "return scores_of(self.split, self.split.train, "
                "learning.predict(self.model, self.split.train.images))",
            ),
        ),
        frozenset({UNSEEN}),
        is_quick=True,
    ),
    Mutation(
        "dropout stays on in prediction",
        "cnn",
        ((_LEARNING, "    model.eval()\n", "    model.train()\n"),),
        frozenset({DROPOUT}),
        is_quick=True,
    ),
    Mutation(
        "dropout never drops",
        "cnn",
        (
            (
                _NETWORKS,
                "nn.Dropout(dropout),\n        nn.Linear(32",
                "nn.Dropout(0.0),\n        nn.Linear(32",
            ),
        ),
        frozenset({DROPOUT}),
    ),
    Mutation(
        "the network gives no numbers (NaN)",
        "cnn",
        (
            (
                _LEARNING,
                "cross_entropy(logits, labels).backward()",
                "cross_entropy(logits * float('nan'), labels).backward()",
            ),
        ),
        says="NaN",
    ),
    Mutation(
        "momentum is ignored",
        "sgd",
        ((_LEARNING, '{"momentum": MOMENTUM}', '{"momentum": 0.0}'),),
        frozenset({FORMULA}),
    ),
    Mutation(
        "the optimiser takes no step",
        "sgd",
        (library(_LEARNING, "torch.optim.SGD.step = lambda self, closure=None: None"),),
        LEARNS | {LAYERS, FORMULA},
    ),
    Mutation(
        "the recurrent network forgets all but the first row",
        "recurrent",
        ((_NETWORKS, "steps[:, -1]", "steps[:, 0]"),),
        frozenset({"accuracy", "macro recall", "macro F1"}),
        is_quick=True,
    ),
    Mutation(
        "the recurrent network's memory is frozen",
        "recurrent",
        ((_NETWORKS, "batch_first=True)", "batch_first=True).requires_grad_(False)"),),
        frozenset({LAYERS}),
    ),
    # TensorBoard.
    Mutation(
        "the log has no validation",
        "tensorboard",
        (
            (
                "pytorch/tensorboard.py",
                "        for name, curve in trained.curves().items():\n",
                "        for name, curve in trained.curves().items():\n"
                "            if name.startswith('validation'):\n                continue\n",
            ),
        ),
        frozenset({"curves in the log", "validation is tracked beside training"}),
        is_quick=True,
    ),
    Mutation(
        "every value is logged as step 0",
        "tensorboard",
        (
            (
                "pytorch/tensorboard.py",
                "add_scalar(name, value, step)",
                "add_scalar(name, value, 0)",
            ),
        ),
        frozenset({"loss reads as it was written"}),
    ),
    Mutation(
        "logged values are rounded",
        "tensorboard",
        (("pytorch/tensorboard.py", "(name, value, step)", "(name, round(value, 3), step)"),),
        frozenset({"loss reads as it was written"}),
    ),
    Mutation(
        "the log's last bytes are lost",
        "tensorboard",
        (
            (
                "pytorch/tensorboard.py",
                "    checks = tensorboard_log.check_log",
                "    for file in directory.rglob('*tfevents*'):\n"
                "        file.write_bytes(file.read_bytes()[:600])\n"
                "    checks = tensorboard_log.check_log",
            ),
        ),
        frozenset({"validation_accuracy reads as it was written"}),
    ),
    # Early stopping.
    Mutation(
        "early stopping never stops",
        "early_stopping",
        (("pytorch/early_stopping.py", "return stopper.must_stop", "return False"),),
        frozenset({"training is stopped", PATIENCE}),
        is_quick=True,
    ),
    Mutation(
        "early stopping stops at once",
        "early_stopping",
        (("pytorch/early_stopping.py", "return stopper.must_stop", "return epoch.number >= 1"),),
        frozenset({PATIENCE, "it does not stop before it has learned"}),
        is_quick=True,
    ),
    Mutation(
        "patience is an epoch too long",
        "early_stopping",
        (("early_stopping.py", ">= self.patience", "> self.patience"),),
        frozenset({PATIENCE}),
    ),
    Mutation(
        "the last weights are kept, not the best",
        "early_stopping",
        (("pytorch/early_stopping.py", "    model.load_state_dict(best)\n", ""),),
        frozenset({"the best weights are restored"}),
    ),
    Mutation(
        "early stopping watches the training loss",
        "early_stopping",
        (("pytorch/early_stopping.py", "is_best(epoch.validation_loss)", "is_best(epoch.loss)"),),
        frozenset({PATIENCE}),
    ),
    # The search.
    Mutation(
        "the search takes the worst",
        "search",
        (("search.py", "return max(trials", "return min(trials"),),
        frozenset({"the best on validation is chosen"}),
    ),
    Mutation(
        "the search leaves a setting out",
        "search",
        (
            (
                "pytorch/search.py",
                "in enumerate(search.SETTINGS):",
                "in enumerate(search.SETTINGS[1:]):",
            ),
        ),
        frozenset({TRIED}),
    ),
    Mutation(
        "the search never sets the learning rate",
        "search",
        (
            (
                "pytorch/search.py",
                "Recipe(_TRIAL_EPOCHS, setting.learning_rate)",
                "Recipe(_TRIAL_EPOCHS)",
            ),
        ),
        frozenset({"a hopeless setting measures as hopeless"}),
    ),
    Mutation(
        "the seed is not used",
        "search",
        (("pytorch/runtime.py", "torch.manual_seed(seed)", "torch.seed()"),),
        frozenset({"a trial repeats itself"}),
    ),
    # Save and load.
    Mutation(
        "the initial weights are saved",
        "reload",
        (
            (
                _RELOAD,
                "    save(trained.model, context.workdir)\n",
                "    trained.model.load_state_dict(trained.initial)\n"
                "    save(trained.model, context.workdir)\n",
            ),
        ),
        frozenset({RELOADED, "accuracy"}),
        is_quick=True,
    ),
    Mutation(
        "loading ignores the file",
        "reload",
        (("pytorch/__init__.py", "    model.load_state_dict(state)\n", ""),),
        frozenset({RELOADED, "accuracy"}),
        is_quick=True,
    ),
    Mutation(
        "weights are saved in half precision",
        "reload",
        (
            (
                "pytorch/__init__.py",
                "torch.save(model.state_dict(),",
                "torch.save({k: v.half() for k, v in model.state_dict().items()},",
            ),
        ),
        frozenset({RELOADED}),
    ),
    Mutation(
        "the model file is cut short",
        "reload",
        (
            (
                _RELOAD,
                "    save(trained.model, context.workdir)\n",
                "    save(trained.model, context.workdir)\n"
                "    import os\n    os.truncate(context.workdir / 'model.pt', 1000)\n",
            ),
        ),
        says="prediction in a new process failed",
    ),
    Mutation(
        "a checkpoint without the optimiser's memory",
        "reload",
        ((_RELOAD, '    trainer.optimizer.load_state_dict(told["optimizer"])\n', ""),),
        frozenset({RESUMED}),
    ),
    Mutation(
        "a checkpoint without the state of dropout's random numbers",
        "reload",
        ((_RELOAD, 'torch.set_rng_state(told["dropout"])', "pass"),),
        frozenset({RESUMED}),
    ),
    # The service.
    Mutation(
        "the service answers with another model",
        "service",
        (
            (
                _SERVICE,
                "    save(trained.model, context.workdir)\n",
                "    from deeprig_host.training.pytorch import networks\n"
                "    save(networks.convolutional(), context.workdir)\n",
            ),
        ),
        frozenset({SERVED, "one image alone gives the same answer"}),
        is_quick=True,
    ),
    Mutation(
        "the service mixes its answers up",
        "service",
        (("service.py", "predict(images).rows()", "predict(images).rows()[::-1]"),),
        frozenset({SERVED}),
    ),
    Mutation(
        "the service dies of a bad request",
        "service",
        (("service.py", "except (ValueError, KeyError, TypeError)", "except ZeroDivisionError"),),
        says="RemoteDisconnected",
    ),
    # Exports.
    Mutation(
        "an untrained model is exported",
        "export",
        (
            (
                "pytorch/export.py",
                "    trained.model.eval()\n",
                "    trained.model.eval()\n    trained.model.load_state_dict(trained.initial)\n",
            ),
        ),
        frozenset(
            {
                "torchscript predicts as trained",
                "exported program predicts as trained",
                "onnx predicts as trained",
            }
        ),
    ),
    Mutation(
        "the ONNX file differs a little",
        "export",
        (
            (
                "pytorch/forms.py",
                "    torch.onnx.export(\n        model,",
                "    import copy\n    model = copy.deepcopy(model)\n"
                "    with torch.no_grad():\n        model[-1].bias += 0.001\n"
                "    torch.onnx.export(\n        model,",
            ),
        ),
        frozenset({"onnx predicts as trained"}),
    ),
    Mutation(
        "TorchScript is exported with dropout on",
        "export",
        (
            (
                "pytorch/forms.py",
                "torch.jit.trace(model, images)",
                "torch.jit.trace(model.train(), images, check_trace=False)",
            ),
        ),
        frozenset({"torchscript predicts as trained"}),
    ),
    # What GPUs are bought for.
    *GPU_MUTATIONS,
)
