"""Train by ``tf.distribute.MirroredStrategy``, and alone, in a process of its own; tell in JSON.

A process of its own, because a CPU is divided in two devices before TensorFlow starts any.
``python -m deeprig_host.training.tensorflow.mirrored cpu|cuda SEED``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import tensorflow as tf

from deeprig_host.training import data
from deeprig_host.training.device import CPU
from deeprig_host.training.life.training import cross_entropy
from deeprig_host.training.output import output_to_stderr
from deeprig_host.training.tensorflow import networks, runtime

#: Two show all that more would on a CPU.
_CPU_REPLICAS = 2
_SAMPLES_PER_REPLICA = 16
_STEPS = 60
_RATE = 0.05
_NETWORK = networks.CONVOLUTIONAL


def compare(kind: str, seed: int) -> dict[str, Any]:
    """Return how the weights of all replicas, and of one device alone, differ."""
    devices = _devices(kind)
    runtime.make_repeatable(seed)
    strategy = tf.distribute.MirroredStrategy(devices)
    count = strategy.num_replicas_in_sync
    part = data.load_split(seed).train
    order = np.resize(np.random.default_rng(seed).permutation(len(part.labels)), 10**5)
    parallel = _variables(strategy.scope(), seed)
    alone = _variables(runtime.on(CPU if kind == CPU else "cuda:0"), seed)
    start = _logits_loss(alone, part)
    step = tf.function(lambda *batch: strategy.run(_step, (parallel, *batch)))
    step_alone = tf.function(lambda *batch: _step(alone, *batch))
    for number in range(_STEPS):
        batch = order[number * count * _SAMPLES_PER_REPLICA :][: count * _SAMPLES_PER_REPLICA]
        step(*(_divided(strategy, one[batch]) for one in (part.images, part.labels)))
        step_alone(tf.constant(part.images[batch]), tf.constant(part.labels[batch]))
    copies = [_arrays(strategy, one) for one in parallel.values()]
    ones = [one.numpy() for one in alone.values()]
    return {
        "devices": sorted({copy.device for copy in _local(strategy, parallel["answer/bias"])}),
        "replicas": count,
        "apart": max(float(abs(one - c[0]).max()) for c in copies for one in c),
        "off": max(float(abs(a - c[0]).max()) for a, c in zip(ones, copies, strict=True)),
        "losses": [start, _logits_loss(alone, part)],
    }


def _devices(kind: str) -> list[str]:
    if kind == CPU:
        (cpu,) = tf.config.list_physical_devices("CPU")
        halves = [tf.config.LogicalDeviceConfiguration()] * _CPU_REPLICAS
        tf.config.set_logical_device_configuration(cpu, halves)
        return [f"/CPU:{number}" for number in range(_CPU_REPLICAS)]
    return [f"/GPU:{number}" for number in range(len(tf.config.list_physical_devices("GPU")))]


def _variables(scope: Any, seed: int) -> dict[str, Any]:
    """Return weights whose changes on all replicas become their mean."""
    with scope:
        mean = tf.VariableAggregation.MEAN
        made = _NETWORK.initial(seed % 2**31)
        return {name: tf.Variable(one, aggregation=mean) for name, one in made.items()}


def _step(params: dict[str, Any], images: Any, labels: Any) -> None:
    with tf.GradientTape() as tape:
        told = networks.logits(_NETWORK, params, images)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, told)
        loss = tf.reduce_mean(losses)
    weights = list(params.values())
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        weight.assign_sub(_RATE * gradient)


def _divided(strategy: Any, batch: Any) -> Any:
    """Return each replica's own part of a batch."""
    parts = np.split(batch, strategy.num_replicas_in_sync)
    return strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(parts[context.replica_id_in_sync_group])
    )


def _local(strategy: Any, variable: Any) -> Any:
    return strategy.experimental_local_results(variable)


def _arrays(strategy: Any, variable: Any) -> list[Any]:
    return [copy.numpy() for copy in _local(strategy, variable)]


def _logits_loss(params: dict[str, Any], part: data.Part) -> float:
    told = networks.logits(_NETWORK, params, tf.constant(part.images)).numpy()
    return cross_entropy(told, part.labels)


if __name__ == "__main__":
    with output_to_stderr() as write:
        write(json.dumps(compare(sys.argv[1], int(sys.argv[2]))) + "\n")
