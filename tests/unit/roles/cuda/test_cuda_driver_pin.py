"""Role cuda alone keeps NVIDIA's repository from moving a driver of the archive's."""

import fnmatch

import pytest

from roles.cuda import driver_pin
from roles.cuda.driver_pin import PIN_FILE, keep_driver_of_archive, pin_text
from roles.cuda.facts import DriverOrigin
from roles.nvidia_driver.files import DRIVER_GLOBS, preferences_text

DEBIAN = "Debian NVIDIA Maintainers <pkg-nvidia-devel@lists.alioth.debian.org>"
NVIDIA = "cudatools <cudatools@nvidia.com>"


@pytest.mark.parametrize(
    ("lines", "origin"),
    [
        ([], None),
        ([f"installed nvidia-driver {DEBIAN}"], "archive"),
        ([f"installed nvidia-open {NVIDIA}"], "nvidia"),
        # NVIDIA's container toolkit is no driver, wherever the driver is from.
        ([f"installed libnvidia-container1 {NVIDIA}"], None),
        (
            [f"installed libnvidia-container1 {NVIDIA}", f"installed nvidia-smi {DEBIAN}"],
            "archive",
        ),
        ([f"config-files nvidia-driver {DEBIAN}"], None),
        ([f"installed libnvidia-ml-dev {DEBIAN}"], None),
        ([f"installed nvidia-smi {DEBIAN}", f"installed nvidia-driver-cuda {NVIDIA}"], "nvidia"),
    ],
)
def test_the_drivers_origin_is_its_packages_maintainer(lines, origin):
    assert DriverOrigin().process(lines) == origin


@pytest.fixture
def host(monkeypatch):
    """A host whose fact and whose file operations are recorded, not run."""

    class Host:
        origin = None
        done = None

        def get_fact(self, fact):
            assert fact is DriverOrigin
            return self.origin

    class Operations:
        def put(self, **how):
            made.done = ("put", how["dest"], how["src"].getvalue())

        def file(self, **how):
            assert how["present"] is False
            made.done = ("remove", how["path"])

    class Holder:
        def get(self):
            return made

    made = Host()
    monkeypatch.setattr(driver_pin, "ctx_host", Holder())
    monkeypatch.setattr(driver_pin, "files", Operations())
    return made


class Context:
    def __init__(self, *roles):
        self.roles = roles


def test_an_archives_driver_that_nobody_manages_is_pinned(host):
    host.origin = "archive"
    keep_driver_of_archive(Context("base", "cuda"))
    assert host.done == ("put", PIN_FILE, pin_text())


@pytest.mark.parametrize("origin", [None, "nvidia"])
def test_another_driver_or_none_needs_no_pin_and_a_stale_one_goes(host, origin):
    host.origin = origin
    keep_driver_of_archive(Context("base", "cuda"))
    assert host.done == ("remove", PIN_FILE)


def test_where_the_driver_role_manages_the_host_its_own_file_is_the_truth(host):
    host.origin = "archive"
    keep_driver_of_archive(Context("nvidia_driver", "cuda"))
    assert host.done == ("remove", PIN_FILE)


def test_the_pin_is_the_driver_roles_for_an_archive():
    def record(text):
        return [line for line in text.splitlines() if not line.startswith("#")]

    assert record(pin_text()) == record(preferences_text("debian", "535.309.01"))
    for name in ("nvidia-open", "cuda-drivers-580", "libcuda1", "nvidia-kernel-dkms"):
        assert any(fnmatch.fnmatch(name, glob) for glob in DRIVER_GLOBS)
    for name in ("cuda-toolkit-13-0", "libcudnn9-cuda-13", "libnccl2", "nvidia-cuda-toolkit"):
        assert not any(fnmatch.fnmatch(name, glob) for glob in DRIVER_GLOBS)
