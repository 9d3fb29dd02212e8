"""Faults for the frameworks that share their cases: Keras, TensorFlow, JAX.

``SHARED`` are in what they share, ``OF_FRAMEWORK`` in what each brings. PyTorch's are in ``table``.
"""

from tests.contract.mutations.table import FORMULA, LEARNS, RELOADED, RESUMED, UNSEEN, Mutation

GRADIENTS = "gradients are right"
_RELOAD = "life/reload.py"
_SAVE = "    trained.learner.save(context.workdir)\n    data."

SHARED = (
    Mutation(
        "labels are shuffled",
        "cnn",
        (
            (
                "data.py",
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
        "metrics are computed on the training part",
        "sgd",
        (
            (
                "life/trained.py",
                "return scores_of(self.split, self.split.test, self.test_outputs)",
                "return scores_of(self.split, self.split.train, "
                "training.predict(self.learner, self.split.train.images))",
            ),
        ),
        frozenset({UNSEEN}),
    ),
    Mutation(
        "images are loaded in their old order",
        "preprocess",
        (
            (
                "life/preprocess.py",
                "    order = [",
                "    images, numbers = part.images, range(len(part.labels))\n    order = [",
            ),
        ),
        frozenset({"the framework loads every image once, shuffled, onto the device"}),
    ),
    Mutation(
        "the initial weights are saved",
        "reload",
        ((_RELOAD, _SAVE, "    trained.learner.set_weights(trained.initial)\n" + _SAVE),),
        frozenset({RELOADED, "accuracy"}),
        is_quick=True,
    ),
    Mutation(
        "weights are saved in half precision",
        "reload",
        (
            (
                _RELOAD,
                _SAVE,
                "    weights = trained.learner.weights().items()\n"
                "    half = {name: one.astype('float16') for name, one in weights}\n"
                "    back = {name: one.astype('float32') for name, one in half.items()}\n"
                "    trained.learner.set_weights(back)\n" + _SAVE,
            ),
        ),
        frozenset({RELOADED}),
    ),
    Mutation(
        "a checkpoint without the order of the images",
        "reload",
        ((_RELOAD, "trainer.random.bit_generator.state = state", "pass"),),
        frozenset({RESUMED}),
    ),
    Mutation(
        "every value is logged as step 0",
        "tensorboard",
        (("life/tensorboard.py", "step=step", "step=0"),),
        frozenset({"loss reads as it was written"}),
    ),
    Mutation(
        "the last weights are kept, not the best",
        "early_stopping",
        (("life/early_stopping.py", "    learner.set_weights(best[0])\n", ""),),
        frozenset({"the best weights are restored"}),
    ),
    Mutation(
        "the search never sets the learning rate",
        "search",
        (("life/search.py", "Recipe(epochs, setting.learning_rate,", "Recipe(epochs,"),),
        frozenset({"a hopeless setting measures as hopeless"}),
    ),
    Mutation(
        "the service answers with another model",
        "service",
        (
            (
                "life/service.py",
                "    trained.learner.save(context.workdir)\n",
                "    trained.learner.set_weights(trained.initial)\n"
                "    trained.learner.save(context.workdir)\n",
            ),
        ),
        frozenset({"it predicts as the trained model"}),
    ),
)

_OF_KERAS = (
    Mutation(
        "the optimiser climbs",
        "cnn",
        (("keras/learner.py", '"learning_rate": recipe', '"learning_rate": -recipe'),),
        LEARNS | {FORMULA},
        is_quick=True,
    ),
    Mutation(
        "the first layer is frozen",
        "cnn",
        (
            (
                "keras/networks.py",
                'layers.Conv2D(16, 3, padding="same", activation="relu")',
                'layers.Conv2D(16, 3, padding="same", activation="relu", trainable=False)',
            ),
        ),
        frozenset({"every layer learns", GRADIENTS}),
    ),
    Mutation(
        "gradients are 1 % too long",
        "cnn",
        (
            (
                "keras/learner.py",
                "keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
                "lambda truth, told: 1.01 * keras.losses.sparse_categorical_crossentropy("
                "truth, told, from_logits=True)",
            ),
        ),
        frozenset({GRADIENTS}),
    ),
    Mutation(
        "weight decay is ignored",
        "sgd",
        (("keras/learner.py", '"weight_decay": recipe.weight_decay', '"weight_decay": None'),),
        frozenset({FORMULA}),
    ),
    Mutation(
        "dropout never drops",
        "cnn",
        (
            (
                "keras/networks.py",
                "layers.Flatten(),\n            layers.Dropout(dropout",
                "layers.Flatten(),\n            layers.Dropout(0.0",
            ),
        ),
        frozenset({"dropout"}),
    ),
    Mutation(
        "a checkpoint without the state of dropout's random numbers",
        "reload",
        (("keras/learner.py", "one.assign(states[name])", "pass"),),
        frozenset({RESUMED}),
    ),
)
_OF_TENSORFLOW = (
    Mutation(
        "the optimiser climbs",
        "cnn",
        (("tensorflow/optimizers.py", "decayed - self._rate", "decayed + self._rate"),),
        LEARNS | {FORMULA},
    ),
    Mutation(
        "the first layer's gradient is lost",
        "cnn",
        (
            (
                "tensorflow/learner.py",
                "tape.gradient(loss, weights), weights)",
                "[0 * g if i == 0 else g for i, g in enumerate(tape.gradient(loss, weights))], "
                "weights)",
            ),
        ),
        frozenset({GRADIENTS}),
    ),
    Mutation(
        "gradients are 1 % too long",
        "cnn",
        (("tensorflow/learner.py", "tf.reduce_mean(losses)", "tf.reduce_mean(losses) * 1.01"),),
        frozenset({GRADIENTS}),
    ),
    Mutation(
        "weight decay is ignored",
        "cnn",
        (("tensorflow/optimizers.py", "(1 - self._rate * self._decay)", "1.0"),),
        frozenset({FORMULA}),
    ),
    Mutation(
        "dropout never drops",
        "cnn",
        (("tensorflow/networks.py", "dropout(features, dropout,", "dropout(features, 0.0,"),),
        frozenset({"dropout"}),
    ),
    Mutation(
        "replicas are never brought together",
        "data_parallel",
        (
            (
                "tensorflow/mirrored.py",
                "VariableAggregation.MEAN",
                "VariableAggregation.ONLY_FIRST_REPLICA",
            ),
        ),
        frozenset({"trained as by one device alone"}),
    ),
    Mutation(
        "every replica sees the same images",
        "data_parallel",
        (("tensorflow/mirrored.py", "parts[context.replica_id_in_sync_group]", "parts[0]"),),
        frozenset({"trained as by one device alone"}),
    ),
    Mutation(
        "loading ignores the file",
        "reload",
        (
            (
                "tensorflow/learner.py",
                "    _weights_of(learner).read(str(workdir / _MODEL)).assert_consumed()\n",
                "",
            ),
        ),
        frozenset({RELOADED, "accuracy"}),
    ),
)
_OF_JAX = (
    Mutation(
        "the optimiser climbs",
        "cnn",
        (
            (
                "jax/optimizers.py",
                "apply_updates(params, updates)",
                "apply_updates(params, jax.tree.map(jnp.negative, updates))",
            ),
        ),
        LEARNS | {FORMULA},
    ),
    Mutation(
        "the first layer's gradient is lost",
        "cnn",
        (
            (
                "jax/networks.py",
                'images, params["conv1/kernel"]',
                'images, jax.lax.stop_gradient(params["conv1/kernel"])',
            ),
        ),
        frozenset({GRADIENTS}),
    ),
    Mutation(
        "gradients are 1 % too long",
        "cnn",
        (("jax/learner.py", "return -chosen.mean()", "return -1.01 * chosen.mean()"),),
        frozenset({GRADIENTS}),
    ),
    Mutation(
        "weight decay is ignored",
        "cnn",
        (("jax/optimizers.py", "weight_decay=decay", "weight_decay=0.0"),),
        frozenset({FORMULA}),
    ),
    Mutation(
        "dropout never drops",
        "cnn",
        (
            (
                "jax/networks.py",
                "bernoulli(key, 1.0 - dropout, features.shape)",
                "bernoulli(key, 1.0, features.shape)",
            ),
        ),
        frozenset({"dropout"}),
    ),
    Mutation(
        "loading ignores the file",
        "reload",
        (
            (
                "jax/learner.py",
                "        learner.set_weights({name: told[name] for name in learner.params})\n",
                "        list(told)\n",
            ),
        ),
        frozenset({RELOADED, "accuracy"}),
    ),
    Mutation(
        "a checkpoint without the state of dropout's random numbers",
        "reload",
        (("jax/learner.py", "self.key = jax.random.wrap_key_data(key)", "pass"),),
        frozenset({RESUMED}),
    ),
)
OF_FRAMEWORK = {"keras": _OF_KERAS, "tensorflow": _OF_TENSORFLOW, "jax": _OF_JAX}
