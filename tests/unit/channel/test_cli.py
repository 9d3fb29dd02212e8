"""The stand-in's flags are conda's, and what conda does not know exits with 2."""

import pytest

from tests.channel.standin.cli import parser


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "--nope", "-n", "x"],
        ["create", "-n", "x", "-p", "/x"],
        ["create", "-n"],
        ["create", "-n", "x", "--over"],
        ["list", "--from-history"],
        ["env", "frobnicate"],
        ["frobnicate"],
        [],
    ],
)
def test_what_conda_does_not_know_exits_with_2_and_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: conda")


def test_the_version_is_on_standard_output(capsys):
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.split()[0] == "conda"


def test_a_programs_arguments_reach_it_untouched():
    words = ["python", "-c", "pass", "--json", "--", "-n", "other"]
    options = parser().parse_args(["run", "-n", "x", *words])
    assert options.program == words
    assert options.name == "x"


def test_create_takes_the_flags_that_the_product_uses():
    words = "create -y -p /e --override-channels -c a -c b python=3.11 pip --dry-run --json"
    options = parser().parse_args(words.split())
    assert (options.yes, options.override_channels, options.dry_run) == (True, True, True)
    assert options.channel == ["a", "b"]
    assert options.specs == ["python=3.11", "pip"]
