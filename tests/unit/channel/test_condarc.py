"""How the stand-in merges conda's configuration files, and what it makes of channel names."""

from pathlib import Path

import pytest

from tests.channel.standin.channels import channel_name, channel_urls
from tests.channel.standin.condarc import (
    DEFAULT_ALIAS,
    Condarc,
    Source,
    check_types,
    default_values,
)
from tests.channel.standin.errors import CondaError

ROOT = Path("/opt/conda")


def condarc(*contents):
    """Return a configuration of files in rising priority."""
    sources = tuple(Source(f"/file{n}", content) for n, content in enumerate(contents))
    return Condarc(sources, default_values(ROOT, Path("/home/ada")))


def test_lists_join_with_the_higher_priority_first_and_each_entry_once():
    merged = condarc({"channels": ["low", "both"]}, {"channels": ["high", "both"]})
    assert merged.channels() == ("high", "both", "low")


def test_mappings_join_key_by_key():
    low = {"custom_channels": {"lab": "http://low", "own": "http://own"}}
    merged = condarc(low, {"custom_channels": {"lab": "http://high"}})
    assert merged.value("custom_channels") == {"lab": "http://high", "own": "http://own"}


def test_of_plain_values_the_highest_priority_wins():
    assert condarc({"ssl_verify": "/a.pem"}, {"ssl_verify": False}).value("ssl_verify") is False


def test_without_files_the_defaults_hold():
    assert condarc().channels() == ("defaults",)
    assert condarc().value("envs_dirs") == ["/opt/conda/envs", "/home/ada/.conda/envs"]


def test_an_empty_list_of_default_channels_is_an_answer():
    assert condarc({"default_channels": []}).value("default_channels") == []
    assert condarc().value("default_channels") == [f"{DEFAULT_ALIAS}/main"]


def test_an_unknown_parameter_is_refused_by_name():
    with pytest.raises(CondaError, match="Invalid configuration parameters: chanels"):
        condarc().value("chanels")


def test_an_empty_file_says_nothing():
    assert check_types("/rc", None) == {}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("just text", "ConfigurationLoadError"),
        (["channels"], "ConfigurationLoadError"),
        ({"channels": "conda-forge"}, "InvalidTypeError"),
        ({"proxy_servers": ["http://proxy"]}, "InvalidTypeError"),
    ],
)
def test_a_file_of_the_wrong_shape_is_refused_with_its_path(content, kind):
    with pytest.raises(CondaError, match="/etc/rc") as caught:
        check_types("/etc/rc", content)
    assert caught.value.kind == kind


def test_a_plain_name_lies_below_the_alias():
    merged = condarc({"channel_alias": "http://mirror/"})
    assert channel_urls(["conda-forge"], merged) == ("http://mirror/conda-forge",)


def test_a_custom_channel_wins_over_the_alias_also_by_its_first_part():
    merged = condarc({"channel_alias": "http://alias", "custom_channels": {"lab": "http://own/"}})
    assert channel_urls(["lab", "lab/label/dev", "laboratory"], merged) == (
        "http://own/lab",
        "http://own/lab/label/dev",
        "http://alias/laboratory",
    )


def test_urls_and_paths_stand_for_themselves(tmp_path):
    urls = channel_urls(["http://host/channel/", str(tmp_path)], condarc())
    assert urls == ("http://host/channel", tmp_path.as_uri())


def test_defaults_stands_for_the_default_channels_and_nothing_comes_twice():
    merged = condarc({"default_channels": ["http://a/main", "http://a/r"]})
    urls = channel_urls(["http://a/r", "defaults", "defaults"], merged)
    assert urls == ("http://a/r", "http://a/main")


def test_a_channel_is_shown_by_its_name_where_it_has_one():
    merged = condarc({"channel_alias": "http://mirror"})
    assert channel_name("http://mirror/conda-forge/", merged) == "conda-forge"
    assert channel_name("http://mirrored/conda-forge", merged) == "http://mirrored/conda-forge"
