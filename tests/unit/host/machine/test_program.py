"""The shape that all programs of the host have on their command line."""

import json

import pytest
from deeprig_host.machine import program
from deeprig_host.machine.program import Program
from deeprig_host.machine.refusal import Refused


def refuse(_machine, _options):
    raise Refused("no", evidence=("seen",), remedy="do", outcome="busy")


COMMANDS = {
    "root": lambda machine, _options: {"root": str(machine.root)},
    "list": lambda _machine, _options: [1, 2],
    "bad": lambda _machine, _options: {"outcome": "failed"},
    "refuse": refuse,
}


def run(*arguments):
    made = Program("x", "What it does.")
    for name, command in COMMANDS.items():
        made.add(name, command, f"tell {name}")
    options = made.parse(arguments)
    answer = program.answer(program.machine_of(options), options)
    program.tell(answer)
    return program.exit_code(answer)


@pytest.mark.parametrize(
    ("arguments", "answer", "code"),
    [
        (["root"], {"root": "/"}, 0),
        (["--root", "/srv", "root"], {"root": "/srv"}, 0),
        (["list"], [1, 2], 0),
        (["bad"], {"outcome": "failed"}, 1),
        (
            ["refuse"],
            {"outcome": "busy", "reason": "no", "evidence": ["seen"], "remedy": "do"},
            1,
        ),
    ],
)
def test_a_command_prints_one_line_of_json_and_has_an_exit_code(capsys, arguments, answer, code):
    assert run(*arguments) == code
    told = capsys.readouterr().out
    assert told.count("\n") == 1
    assert json.loads(told) == answer


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["list", "--more"]])
def test_bad_usage_exits_with_2_and_prints_nothing_on_standard_output(capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("usage: deeprig_host x ")
