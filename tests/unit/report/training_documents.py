"""The document of a run of the training suite: what docs/json.md says of each of its keys."""

from __future__ import annotations

from tests.unit.report.described import Description, Key

DESCRIPTIONS: dict[str, Description] = {
    "suite": Description(
        "A run of the training suite",
        (
            Key("framework", "text or `null`", "what was trained with"),
            Key("framework_version", "text or `null`", "its version"),
            Key("backend", "text or `null`", "what Keras computed with"),
            Key("python_version", "text", "of the environment"),
            Key("profile", "text or `null`", "`smoke`, `acceptance` or `soak`"),
            Key("device", "text or `null`", "`cpu`, or `cuda:0` and the GPU's model"),
            Key("seed", "whole number or `null`", "of all random numbers"),
            Key("outcome", "text", "`pass` or `fail`: something was proven and nothing failed"),
            Key("evidence", "text", "one line: what failed or how much passed, and what it took"),
            Key("cuda", "object or `null`", "CUDA as the framework sees it", "training cuda"),
            Key("versions", "object", "package: version, of those that explain a result"),
            Key("cases", "list", "in the order in which they ran", "suite case"),
            Key("is_cut", "`true` or `false`", "whether it was ended before it was through"),
            Key(
                "seconds_imports",
                "number or `null`",
                "the import of the framework; `null`: it was not imported",
            ),
            Key(
                "seconds_after_imports",
                "number or `null`",
                "all that came after it, new processes and what they and cases import included",
            ),
            Key(
                "cpu_seconds_after_imports",
                "number or `null`",
                "the processor time of that, of new processes too",
            ),
        ),
        "The `data` of a check that ran the suite ([training.md](training.md)), as the program on "
        "the\nhost printed it. Documents of earlier versions lack the last three.",
        "deeprig.training/2",
    ),
    "suite case": Description(
        "A case of the training suite",
        (
            Key("name", "text", "which case"),
            Key("group", "text", "`life`, `gpu`, `burn`, or `suite` for what the suite itself saw"),
            Key("outcome", "text", "`pass`, `fail` or `skip`"),
            Key("reason", "text", "why it is no pass; empty if it is one"),
            Key("seconds", "number", "how long it took"),
            Key("checks", "list", "what had to hold", "suite check"),
            Key("measurements", "list", "what was measured", "suite measurement"),
            Key("curves", "object", "name: list of numbers, `null` for one that is not finite"),
            Key("data", "object", "more, for programs"),
        ),
    ),
    "suite check": Description(
        "A check of a case",
        (
            Key("name", "text", "what was checked"),
            Key("is_good", "`true` or `false`", "whether it held"),
            Key("expected", "text", "what was asked for"),
            Key("actual", "text", "what was seen"),
        ),
    ),
    "suite measurement": Description(
        "A measurement of a case",
        (
            Key("name", "text", "what was measured"),
            Key("value", "number or `null`", "`null`: not finite"),
            Key("unit", "text", "of the value"),
            Key("better", "text or `null`", "`higher`, `lower`, or neither"),
        ),
    ),
}
