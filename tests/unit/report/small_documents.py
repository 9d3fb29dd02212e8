"""The JSON documents that no report class describes: what docs/json.md says of each of their keys.

``mistakes`` compares a real document with its description, both ways.
"""

from __future__ import annotations

from typing import Any

from tests.unit.report import backup_documents, bundle_documents, training_documents
from tests.unit.report.described import Description, Key

#: The words of a table's second column, and the types they stand for.
_KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "whole number": (int,),
    "number": (int, float),
    "`true` or `false`": (bool,),
    "list of text": (list,),
    "object": (dict,),
    "list": (list,),
    "`null`": (type(None),),
}


DESCRIPTIONS: dict[str, Description] = {
    "training": Description(
        "A training",
        (
            Key("framework", "text or `null`", "`pytorch`; what was trained with"),
            Key("framework_version", "text or `null`", "its version"),
            Key("python_version", "text", "of the environment"),
            Key("device", "text or `null`", "what it trained on: `cpu`, `cuda:0`"),
            Key("outcome", "text", "`pass` or `fail`: all its checks passed, or not"),
            Key("checks", "list", "what was asked of it", "training check"),
            Key(
                "metrics",
                "object",
                "name: number, or `null` for one that is not finite. `accuracy`, `macro_recall`, "
                "`macro_f1`, `validation_accuracy`, `loss_initial`, `loss_final`, `loss_ratio`, "
                "`train_samples`, `validation_samples`, `test_samples`, `epochs`, `seconds`; empty "
                "if it did not train",
            ),
            Key("curves", "object", "`loss` and `validation_loss`: before training, then by epoch"),
            Key("confusion_matrix", "list", "one row per true class: how often each was predicted"),
            Key("reload", "object or `null`", "the reloaded model's answers", "training reload"),
            Key("cuda", "object or `null`", "CUDA as the framework sees it", "training cuda"),
            Key("seed", "whole number or `null`", "of all random numbers"),
            Key("evidence", "text", "one line: what failed, or what was reached"),
        ),
        "The `data` of a check that trains, as the program on the host printed it.",
        "deeprig.training/1",
    ),
    "training check": Description(
        "A check of a training",
        (
            Key("name", "text", "what was checked"),
            Key("outcome", "text", "`pass` or `fail`"),
            Key("expected", "text", "what was asked for"),
            Key("actual", "text", "what was seen"),
        ),
    ),
    "training reload": Description(
        "The reload of a training",
        (
            Key("sha256", "text", "of the outputs on the test set, before the model was saved"),
            Key("reloaded_sha256", "text", "of those of the reloaded model, in a new process"),
            Key("max_difference", "number or `null`", "the largest difference; 0 if identical"),
        ),
    ),
    "training cuda": Description(
        "The CUDA of a training",
        (
            Key("build", "text or `null`", "the CUDA it was built for; `null` for a CPU build"),
            Key("is_available", "`true` or `false`", "whether it can be used"),
            Key("device_count", "whole number", "how many devices it sees"),
            Key("names", "list of text", "what they are called"),
            Key("error", "text or `null`", "why it cannot be used"),
        ),
    ),
    **training_documents.DESCRIPTIONS,
    "init": Description(
        "`init`",
        (
            Key(
                "files",
                "list of text",
                "what was written; nothing is replaced without asking",
            ),
            Key("environment", "list of text", "variables for the secrets that were not copied"),
        ),
        schema="deeprig.init/1",
    ),
    "lock": Description(
        "`lock`",
        (
            Key("environment", "text", "the environment's name"),
            Key("hardware_class", "text", "what it was solved for, such as `linux-64-cpu`"),
            Key("files", "list of text", "the lock's files"),
        ),
        schema="deeprig.lock/1",
    ),
    "lab.status": Description(
        "`lab status` and `lab up`",
        (
            Key("directory", "text", "where the lab lies"),
            Key("inventory", "text", "the inventory that was written for it"),
            Key("gateway_running", "`true` or `false`", "whether the way in and out works"),
            Key("bridge_address", "text", "the controller as the hosts see it"),
            Key("hosts", "list", "in the order in which they were made", "lab host"),
            Key("served", "object", "name: URL of a served directory, as the hosts see it"),
            Key("served_to_controller", "object", "name: URL, as the controller sees it"),
        ),
        schema="deeprig.lab.status/1",
    ),
    "lab host": Description(
        "A host of `lab status`",
        (
            Key("host", "text", "its name"),
            Key("os", "text", "`debian12` or `debian13`"),
            Key("address", "text", "inside the lab"),
            Key("ssh_hostname", "text", "where the controller reaches it"),
            Key("ssh_port", "whole number", "and at which port"),
            Key("running", "`true` or `false`", "whether it runs"),
            Key("boot_id", "text or `null`", "of its current boot; `null` if it cannot be read"),
        ),
    ),
    "lab.down": Description(
        "`lab down`",
        (Key("name", "text", "the lab that is gone"),),
        schema="deeprig.lab.down/1",
    ),
    **backup_documents.DESCRIPTIONS,
    **bundle_documents.DESCRIPTIONS,
}


def mistakes(document: Any, name: str, place: str = "") -> list[str]:
    """Return where a document and the description of that name differ; empty when they agree."""
    description = DESCRIPTIONS[name]
    if not isinstance(document, dict):
        return [f"{place}: is no object"]
    expected = {key.name: key for key in description.keys}
    if description.schema:
        expected["schema"] = Key("schema", "text", "")
        if document.get("schema") != description.schema:
            return [f"{place}: schema is {document.get('schema')!r}"]
    found = [f"{place}{k}: not described" for k in sorted(set(document) - set(expected))]
    found += [f"{place}{k}: not there" for k in sorted(set(expected) - set(document))]
    for key in (expected[k] for k in document if k in expected):
        found += _mistakes_in(document[key.name], key, f"{place}{key.name}")
    return found


def _mistakes_in(value: Any, key: Key, place: str) -> list[str]:
    types = tuple(kind for word in key.kind.split(" or ") for kind in _types(key.kind, word))
    is_bool = isinstance(value, bool)
    if not isinstance(value, types) or (is_bool and bool not in types):
        return [f"{place}: {value!r} is no {key.kind}"]
    if key.kind == "list of text" and not all(isinstance(item, str) for item in value):
        return [f"{place}: not all text"]
    if key.inner is None or value is None:
        return []
    items = value if isinstance(value, list) else [value]
    return [wrong for item in items for wrong in mistakes(item, key.inner, f"{place}.")]


def _types(whole: str, word: str) -> tuple[type, ...]:
    return _KINDS[whole] if whole in _KINDS else _KINDS[word]
