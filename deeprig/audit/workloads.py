"""Bytes per parameter of training and inference, and models whose size is well known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Workload:
    """What is done with a model: how many bytes each parameter takes, of what, and says who."""

    name: str
    bytes_per_parameter: float
    parts: str
    source: str


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model by its name and its number of parameters, as its paper counts them."""

    name: str
    parameters: float


_ZERO = "Rajbhandari et al., ZeRO (2020), section 3.1"
_ANATOMY = "Hugging Face Transformers, Model training anatomy"
_LOADING = "Hugging Face Transformers, Optimizing LLMs for Speed and Memory"
_QUANTIZED = "Dettmers et al., LLM.int8() (2022) and QLoRA (2023)"

WORKLOADS: tuple[Workload, ...] = (
    Workload("training, fp32", 16, "4 weights + 4 gradients + 8 Adam", _ANATOMY),
    Workload(
        "training, mixed (16-bit weights)",
        16,
        "2 weights + 2 gradients + 4 fp32 weights + 8 Adam",
        _ZERO,
    ),
    # The weights stay fp32, autocast keeps a 16-bit copy for the forward pass, and gradients are
    # fp32 like the weights: so this saves activations and time, not the memory counted here.
    Workload(
        "training, mixed (torch.autocast)",
        18,
        "4 weights + 2 their 16-bit copy + 4 gradients + 8 Adam",
        _ANATOMY,
    ),
    Workload("inference, 16 bit", 2, "2 weights", _LOADING),
    Workload("inference, 8 bit", 1, "1 weights", _QUANTIZED),
    Workload("inference, 4 bit", 0.5, "0.5 weights", _QUANTIZED),
)

#: He et al. 2015; Devlin et al. 2018; Radford et al. 2019; Touvron et al. 2023, table 2;
#: Brown et al. 2020; Llama team 2024.
MODELS: tuple[KnownModel, ...] = (
    KnownModel("ResNet-50", 25.6e6),
    KnownModel("BERT-base", 110e6),
    KnownModel("BERT-large", 340e6),
    KnownModel("GPT-2 XL", 1.5e9),
    KnownModel("LLaMA 7B", 6.7e9),
    KnownModel("LLaMA 13B", 13.0e9),
    KnownModel("LLaMA 33B", 32.5e9),
    KnownModel("LLaMA 65B", 65.2e9),
    KnownModel("GPT-3 175B", 175e9),
    KnownModel("Llama 3.1 405B", 405e9),
)
