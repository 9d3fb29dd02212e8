"""The recipe of a base image follows the controller's configuration."""

from pathlib import Path

import pytest

from deeprig.errors import UsageProblem
from deeprig.lab import recipe
from deeprig.lab.image import image_of
from deeprig.lab.recipe import RELEASES, Recipe

TARGETS = """\
Packages|deb http://lan.example/debian-security/ bookworm-security main
Packages|deb http://lan.example/debian/ bookworm main
Packages|deb http://lan.example/debian/ bookworm main
Packages|deb http://lan.example/debian/ bookworm contrib
Packages|deb http://lan.example/debian/ bookworm-backports main
Translations|deb http://lan.example/debian/ bookworm main
Packages|deb file:/srv/debian/ bookworm-updates main
Packages|deb http://vendor.example/apt/ stable main
"""


def test_the_controllers_own_sources_of_the_release_are_used():
    assert recipe.sources_for("bookworm", TARGETS) == (
        "deb http://lan.example/debian/ bookworm main",
        "deb http://lan.example/debian-security/ bookworm-security main",
    )


def test_without_the_release_itself_nothing_is_taken():
    assert recipe.sources_for("trixie", TARGETS) == ()
    assert recipe.sources_for("bookworm", TARGETS.splitlines()[0]) == ()


def test_only_checks_of_dates_are_carried_over():
    dump = 'Acquire::Check-Date "false";\nAcquire::http::Proxy "http://p.example";\n'
    assert recipe.date_checks(dump) == ('Acquire::Check-Date "false";',)


def test_whatever_changes_the_image_changes_the_digest():
    plain = Recipe("bookworm")
    others = (
        Recipe("trixie"),
        Recipe("bookworm", ("http://lan.example/debian",)),
        Recipe("bookworm", (), ('Acquire::Check-Date "false";',)),
    )
    assert len({plain.digest, *(other.digest for other in others)}) == 4
    assert Recipe("bookworm").digest == plain.digest


def test_the_command_names_release_place_and_sources():
    made = Recipe("bookworm", ("deb http://lan.example/debian bookworm main",), ('A::B "c";',))
    command = made.command(Path("/srv/root"))
    assert command[0] == "mmdebstrap"
    assert command[-3:] == ("bookworm", "/srv/root", made.sources[0])
    assert '--aptopt=A::B "c"' in command


@pytest.mark.parametrize("os_name", RELEASES)
def test_a_cached_image_is_used_as_it_is(tmp_path, os_name, monkeypatch):
    monkeypatch.setattr("deeprig.lab.image.recipe_of", lambda name, mirror: Recipe(RELEASES[name]))
    target = tmp_path / f"{os_name}-{Recipe(RELEASES[os_name]).digest}"
    target.mkdir()
    made = image_of(os_name, "deeprig-x", cache=tmp_path)
    assert (made.path, made.was_cached) == (target, True)
    assert list(tmp_path.iterdir()) == [target]


def test_an_unknown_operating_system_lists_the_known(tmp_path):
    with pytest.raises(UsageProblem, match="debian12, debian13"):
        image_of("windows", "x", cache=tmp_path)
