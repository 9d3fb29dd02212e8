"""Train a small convolutional network with PyTorch, save it, and predict in a new process."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from deeprig_host.training.data import CLASSES, Split, load_split
from deeprig_host.training.device import Cuda, device_name
from deeprig_host.training.metrics import accuracy, confusion_matrix
from deeprig_host.training.result import Training

NAME = "pytorch"
_BATCH = 64


def version() -> str:
    """Return the framework's version."""
    return str(torch.__version__)


def cuda() -> Cuda:
    """Return what PyTorch sees of CUDA, with the driver's own words when it fails."""
    count = torch.cuda.device_count() if torch.version.cuda else 0
    error = ""
    if torch.version.cuda and not torch.cuda.is_available():
        try:
            torch.cuda.init()
        except (RuntimeError, AssertionError) as problem:
            error = str(problem).splitlines()[0]
        count = 0
    names = tuple(torch.cuda.get_device_name(i) for i in range(count))
    return Cuda(torch.version.cuda, count, names, error)


def train(seed: int, epochs: int, gpu_count: int, workdir: Path) -> Training:
    """Train, save the model to ``workdir``, and compare with a new process's predictions."""
    started = time.monotonic()
    torch.manual_seed(seed)
    device = torch.device(device_name(gpu_count))
    split = load_split(seed)
    model = build().to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-3)
    losses = [_loss(model, split, device)]
    for epoch in range(epochs):
        _epoch(model, optimizer, split, device, seed + epoch)
        losses.append(_loss(model, split, device))
    outputs = predict(model, split.test_images, device)
    path = workdir / "model.pt"
    torch.save(model.state_dict(), path)
    np.save(workdir / "test_images.npy", split.test_images)
    identical, difference = _compare_reloaded(workdir, outputs, str(device))
    guessed = outputs.argmax(axis=1)
    validated = predict(model, split.validation_images, device).argmax(axis=1)
    on_gpu = device.type == "cuda"
    return Training(
        framework=NAME,
        framework_version=version(),
        device=f"{device} {torch.cuda.get_device_name(device)}" if on_gpu else "cpu",
        confusion=confusion_matrix(split.test_labels.tolist(), guessed.tolist(), CLASSES),
        loss_initial=losses[0],
        loss_final=losses[-1],
        validation_accuracy=accuracy(
            confusion_matrix(split.validation_labels.tolist(), validated.tolist(), CLASSES)
        ),
        epochs=epochs,
        seed=seed,
        train_samples=len(split.train_labels),
        seconds=round(time.monotonic() - started, 2),
        reload_difference=difference,
        reload_is_identical=identical,
    )


def predict_saved(workdir: Path, device: str) -> dict[str, Any]:
    """Load the saved model and predict; this runs in a process of its own."""
    model = build().to(device)
    state = torch.load(workdir / "model.pt", map_location=device, weights_only=True)
    model.load_state_dict(state)
    outputs = predict(model, np.load(workdir / "test_images.npy"), torch.device(device))
    np.save(workdir / "reloaded.npy", outputs)
    return {"sha256": hashlib.sha256(outputs.tobytes()).hexdigest()}


def build() -> nn.Module:
    """Return the network: two convolutions, dropout, one linear layer."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(32 * 2 * 2, CLASSES),
    )


def predict(model: nn.Module, images: Any, device: torch.device) -> Any:
    """Return the network's raw outputs as a NumPy array."""
    model.eval()
    with torch.no_grad():
        return model(torch.from_numpy(images).to(device)).cpu().numpy()


def _epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    split: Split,
    device: torch.device,
    seed: int,
) -> None:
    model.train()
    order = np.random.default_rng(seed).permutation(len(split.train_labels))
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        images = torch.from_numpy(split.train_images[batch]).to(device)
        labels = torch.from_numpy(split.train_labels[batch]).to(device)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()


def _loss(model: nn.Module, split: Split, device: torch.device) -> float:
    outputs = torch.from_numpy(predict(model, split.train_images, device))
    return float(nn.functional.cross_entropy(outputs, torch.from_numpy(split.train_labels)))


def _compare_reloaded(workdir: Path, outputs: Any, device: str) -> tuple[bool, float]:
    """Predict in a new process and return (bit-identical, largest difference)."""
    command = [sys.executable, "-m", "deeprig_host.training", "predict", NAME]
    command += ["--workdir", str(workdir), "--device", device]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"prediction in a new process failed: {done.stderr.strip()[-400:]}")
    told = json.loads(done.stdout)["sha256"]
    reloaded = np.load(workdir / "reloaded.npy")
    difference = float(np.abs(reloaded - outputs).max())
    return told == hashlib.sha256(outputs.tobytes()).hexdigest(), difference
