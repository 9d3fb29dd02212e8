"""What goes back in its place, and what never does."""

import importlib.util
from pathlib import Path

import pytest
from deeprig_host.backup.places import STATE_DIRECTORY
from deeprig_host.backup.rebuild_places import (
    PLACES,
    STATE,
    is_asked,
    part,
    place_of,
    places_of,
    why_never,
)

SCRIPT = Path(__file__).parents[5] / "script/rebuild_doc.py"
CONDA = ("/opt/conda",)


def parted(paths, *listed):
    places = places_of(CONDA)
    return part(paths, (one for one in listed if is_asked(one, places)), places)


@pytest.mark.parametrize(
    ("path", "way"),
    [
        ("/home", "in place"),
        ("/home/ada/etc", "in place"),
        ("/root", "in place"),
        ("/srv", "in place"),
        ("/data", "in place"),
        ("/etc", "aside"),
        ("/etc/ssh/ssh_host_rsa_key", "aside"),
        ("/etcetera", "in place"),
        ("/usr/bin", "left"),
        ("/usr/local/bin", "in place"),
        ("/usr/local/cuda", "left"),
        ("/usr/local/cuda-12.4/bin", "left"),
        ("/opt/tool", "in place"),
        ("/opt/conda/envs/x", "left"),
        ("/opt/deeprig", "left"),
        ("/var/lib/docker", "left"),
        ("/var/www/html", "in place"),
        ("/lib64", "left"),
        ("/boot/vmlinuz", "left"),
        ("/proc/1", "left"),
        (STATE, "aside"),
        (f"{STATE_DIRECTORY}/canary", "left"),
    ],
)
def test_the_longest_path_that_fits_decides(path, way):
    assert place_of(path, places_of(CONDA)).way == way


def test_sources_that_are_people_s_stay_whole():
    found = parted(("/home", "/srv"), "/home/ada", "/srv/data")
    assert (found.in_place, found.aside, found.left) == (("/home", "/srv"), (), ())


def test_a_source_with_what_packages_place_is_parted():
    found = parted(("/usr/local",), "/usr/local/bin", "/usr/local/cuda-12.4", "/usr/local/share")
    assert found.in_place == ("/usr/local/bin", "/usr/local/share")
    assert [path for path, _ in found.left] == ["/usr/local/cuda-12.4"]


def test_the_whole_machine_is_parted():
    top = ["/boot", "/data", "/etc", "/home", "/lib", "/opt", "/usr", "/var"]
    inner = ["/opt/conda", "/opt/tool", "/usr/bin", "/usr/local", "/var/lib", "/var/log"]
    deep = ["/usr/local/lib", "/var/lib/deeprig", "/var/lib/other", "/var/lib/deeprig/backup"]
    deep += ["/var/www", STATE, f"{STATE_DIRECTORY}/canary", "/var/spool", "/var/spool/cron"]
    found = parted(("/",), *top, *inner, *deep)
    assert found.in_place == ("/data", "/home", "/opt/tool", "/usr/local/lib", "/var/www")
    assert found.aside == ("/etc", STATE, "/var/spool/cron")
    left = {path for path, _ in found.left}
    assert {"/boot", "/lib", "/usr/bin", "/opt/conda", "/var/lib/other", "/var/log"} <= left
    assert f"{STATE_DIRECTORY}/canary" in left


def test_what_goes_back_is_known_by_its_path():
    found = parted(("/home", "/etc"))
    assert found.brings("/home/ada/envs/hers")
    assert not found.brings("/homes")
    assert not found.brings("/etc/motd")


def test_only_what_may_be_parted_has_to_be_known():
    places = places_of(CONDA)
    assert is_asked("/usr/local/cuda-12", places)
    assert is_asked("/home", places)
    assert not is_asked("/home/ada", places)
    assert not is_asked("/etc/motd", places)


@pytest.mark.parametrize(
    "path",
    [
        "/etc",
        "/home",
        "/etc/machine-id",
        "/etc/fstab",
        "/etc/netplan/50-x.yaml",
        "/etc/ssh/ssh_host_ed25519_key",
        "/etc/ssh",
        "/etc/shadow",
        "/etc/apt/sources.list",
        "/etc/systemd",
        "/etc/default/grub",
        "/etc/deeprig/backup.conf",
    ],
)
def test_what_would_undo_the_new_machine_is_never_put_in_place(path):
    assert why_never(path)


@pytest.mark.parametrize("path", ["/etc/motd", "/etc/profile.d/lab.sh", "/etc/ssh/sshd_config.d"])
def test_other_things_of_etc_may_be_named(path):
    assert why_never(path) is None


def test_the_documentation_has_the_tables_of_now():
    spec = importlib.util.spec_from_file_location("rebuild_doc", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = script.END.page.read_text(encoding="utf-8")
    assert script.END.renewed(page) == page, "run script/rebuild_doc.py"
    assert all(f"`{one.path}`" in page for one in PLACES)
    assert "`/etc/fstab`" in page
