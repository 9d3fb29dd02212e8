"""Faults in what GPUs are bought for, as far as a CPU can run it."""

from tests.contract.mutations.mutation import Mutation, library

_DATA_RANK = "pytorch/data_parallel_rank.py"
_TENSOR_RANK = "pytorch/tensor_parallel_rank.py"
_PIPELINE_RANK = "pytorch/pipeline_parallel_rank.py"
_MEMORY = "pytorch/out_of_memory_work.py"
_PRECISION = "pytorch/precision.py"
_SCALING = "pytorch/loss_scaling.py"
_COMPILE = "pytorch/compile_work.py"

LEARNS = frozenset({"loss falls", "accuracy", "macro recall", "macro F1"})
AS_ALONE = "the same weights as by one process"
IN_STEP = "all ranks end with the same weights"
SHARES = "ranks share the images"
LOSSES = "the same loss in each batch"
ACCUMULATED = "accumulated gradients are those of the large batch"
FORMATS = "computed in the format, weights kept in float32"
AS_GOOD = "as good as in float32"
PRODUCT = "a product is right"

GPU_MUTATIONS = (
    Mutation(
        "gradients are not averaged over the ranks",
        "data_parallel",
        ((_DATA_RANK, "cross_entropy(model(images", "cross_entropy(model.module(images"),),
        frozenset({IN_STEP, AS_ALONE}),
        is_quick=True,
    ),
    Mutation(
        "gradients are added over the ranks, not averaged",
        "data_parallel",
        (
            (
                _DATA_RANK,
                "        optimizer.step()\n",
                "        for one in model.parameters():\n"
                "            one.grad *= rank.count\n"
                "        optimizer.step()\n",
            ),
        ),
        frozenset({AS_ALONE}),
    ),
    Mutation(
        "each rank begins with weights of its own seed",
        "data_parallel",
        ((_DATA_RANK, "device_ids=ids)", "device_ids=ids, init_sync=False)"),),
        frozenset({IN_STEP, AS_ALONE}),
    ),
    Mutation(
        "all ranks work on the same share",
        "data_parallel",
        ((_DATA_RANK, "[rank.number :: rank.count]", "[:: rank.count]"),),
        frozenset({SHARES, AS_ALONE}),
    ),
    Mutation(
        "all-reduce leaves a rank out",
        "data_parallel",
        (
            (
                _DATA_RANK,
                "numbers = numbers.to(rank.device)",
                "numbers = numbers.to(rank.device) * (rank.number == 0)",
            ),
        ),
        frozenset({"all-reduce adds over all ranks"}),
    ),
    Mutation(
        "a rank dies",
        "data_parallel",
        (
            (
                _DATA_RANK,
                "    model = _model(rank)\n",
                "    if rank.number == 1:\n        os._exit(7)\n    model = _model(rank)\n",
            ),
        ),
        says="exitcode : 7",
    ),
    Mutation(
        "a rank holds a wrong part of a layer",
        "tensor_parallel",
        (
            (
                _TENSOR_RANK,
                "    return parallelize_module(model, mesh, plan)\n",
                "    model = parallelize_module(model, mesh, plan)\n"
                "    if rank.number == 1:\n"
                "        model.first.weight.data.to_local().neg_()\n"
                "    return model\n",
            ),
        ),
        frozenset({LOSSES, AS_ALONE}),
    ),
    Mutation(
        "no layer is divided",
        "tensor_parallel",
        (
            (
                _TENSOR_RANK,
                'plan = {"first": ColwiseParallel(), "second": RowwiseParallel()}',
                "plan = {}",
            ),
        ),
        says="to_local",
    ),
    Mutation(
        "a micro-batch is dropped in the backward pass",
        "pipeline_parallel",
        ((_PIPELINE_RANK, "in range(len(stage.outputs))", "in range(1, len(stage.outputs))"),),
        frozenset({LOSSES, AS_ALONE}),
    ),
    Mutation(
        "gradients of micro-batches are added, not averaged",
        "pipeline_parallel",
        ((_PIPELINE_RANK, " / MICRO_BATCHES\n", "\n"),),
        frozenset({LOSSES, AS_ALONE}),
    ),
    Mutation(
        "a stage hands gradients back in the wrong order",
        "pipeline_parallel",
        ((_PIPELINE_RANK, "send(given.grad,", "send(given.grad.flip(0),"),),
        frozenset({AS_ALONE}),
    ),
    Mutation(
        "a stage hands on rounded numbers",
        "pipeline_parallel",
        ((_PIPELINE_RANK, "send(made.detach(),", "send(made.detach().bfloat16().float(),"),),
        frozenset({AS_ALONE}),
    ),
    Mutation(
        "accumulated gradients are not divided",
        "out_of_memory",
        ((_MEMORY, 'reduction="sum") / len(labels)', 'reduction="sum") / len(wanted)'),),
        frozenset({ACCUMULATED}),
    ),
    Mutation(
        "a part of the batch is left out",
        "out_of_memory",
        (
            (
                _MEMORY,
                "zip(images.split(samples), labels.split(samples), strict=True)",
                "zip(images.split(samples)[:1], labels.split(samples)[:1], strict=True)",
            ),
        ),
        frozenset({ACCUMULATED}),
    ),
    Mutation(
        "memory has no limit",
        "out_of_memory",
        ((_MEMORY, "        resource.setrlimit(", "        (lambda *given: None)("),),
        frozenset({"the large batch runs out of memory", "a smaller batch fits"}),
    ),
    Mutation(
        "autocast is off",
        "mixed_bf16",
        ((_PRECISION, "enabled=kind is not None", "enabled=False"),),
        frozenset({FORMATS}),
    ),
    Mutation(
        "the model does not learn in bfloat16",
        "mixed_bf16",
        (
            (
                _PRECISION,
                "            scaler.step(optimizer)\n",
                "            if kind is None:\n                scaler.step(optimizer)\n",
            ),
        ),
        LEARNS | {AS_GOOD},
        is_quick=True,
    ),
    Mutation(
        "the weights are kept in bfloat16",
        "mixed_bf16",
        (
            (
                _PRECISION,
                "networks.convolutional().to(context.device)",
                "networks.convolutional().to(kind)",
            ),
        ),
        says="should be the same",
    ),
    Mutation(
        "products in bfloat16 are 2 % wrong",
        "mixed_bf16",
        (
            (
                "pytorch/products.py",
                "(one.to(device) @ other.to(device))",
                "(one.to(device) @ other.to(device) * 1.02)",
            ),
        ),
        frozenset({PRODUCT}),
    ),
    Mutation(
        "the loss is not scaled",
        "mixed_fp16",
        ((_PRECISION, "enabled=is_enabled", "enabled=False"),),
        frozenset({"scaling keeps small gradients", "a gradient that overflows is left out"}),
        is_quick=True,
    ),
    Mutation(
        "a step is taken with infinite gradients",
        "mixed_fp16",
        (
            library(
                _SCALING,
                "def _always(self, optimizer, state, *given, **named):",
                "    return optimizer.step(*given, **named)",
                "torch.amp.GradScaler._maybe_opt_step = _always",
            ),
        ),
        frozenset({"a gradient that overflows is left out"}),
    ),
    Mutation(
        "the compiler hands back what it was given",
        "compile",
        ((_COMPILE, "return usual(graph, inputs)", "return graph.forward"),),
        frozenset({"it was compiled"}),
        is_quick=True,
    ),
    Mutation(
        "compiled code computes 0.1 % wrong",
        "compile",
        (
            (
                _COMPILE,
                "return usual(graph, inputs)",
                "return lambda *given: tuple(one * 1.001 for one in graph.forward(*given))",
            ),
        ),
        frozenset({"it was compiled", "the same outputs", "the same gradients"}),
    ),
)
