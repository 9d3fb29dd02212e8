"""Which repositories apt has read, as the real apt tells it."""

import subprocess

import pytest
from pyinfra.api.exceptions import FactProcessError
from pyinfra.context import ctx_host

from deeprig.tasks.package_lists import ReadRepositories, unread


@pytest.fixture
def read(tmp_path, monkeypatch):
    """A host whose apt knows one flat repository (NVIDIA's is one); update it with ``read``."""
    for path in ("repo", "etc", "state/lists/partial", "cache/archives/partial"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "repo/Packages").write_text("")
    (tmp_path / "repo/Release").write_text("Label: simulated\n")
    (tmp_path / "etc/x.sources").write_text(
        f"Types: deb\nURIs: file:{tmp_path}/repo/\nSuites: /\nTrusted: yes\n"
    )
    (tmp_path / "apt.conf").write_text(
        f'Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "{tmp_path}/etc";\n'
        f'Dir::State "{tmp_path}/state"; Dir::Cache "{tmp_path}/cache";\n'
        'APT::Sandbox::User "root";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    return lambda: subprocess.run(("apt-get", "update"), capture_output=True, check=True)


class Here:
    """This machine, as pyinfra would ask it."""

    def get_fact(self, fact):
        command = fact().command().get_raw_value()
        done = subprocess.run(("sh", "-c", command), capture_output=True, text=True, check=True)
        return fact().process(done.stdout.splitlines())


def test_a_source_that_was_placed_and_not_read_is_told(read, tmp_path):
    url = f"file:{tmp_path}/repo"
    with ctx_host.use(Here()):
        is_unread = unread(url)
        assert is_unread()
        read()
        assert not is_unread()
        assert not unread(f"{url}/")()
        assert unread(f"{url}2")()


def test_another_line_is_no_answer():
    with pytest.raises(FactProcessError, match="no address"):
        ReadRepositories().process(["no address"])


def test_a_host_without_apts_answer_has_read_nothing():
    assert ReadRepositories.default() == frozenset()
