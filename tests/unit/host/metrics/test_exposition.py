"""Prometheus' text, and the file that holds it."""

import os
import stat

import pytest
from deeprig_host.metrics import exposition, names
from deeprig_host.metrics.samples import Samples
from prometheus_client.parser import text_string_to_metric_families

GOLDEN = """\
# HELP deeprig_nvml_up 1 if NVML could be opened and told its GPUs.
# TYPE deeprig_nvml_up gauge
deeprig_nvml_up 1.0
# HELP deeprig_gpu_info 1; name, PCI address and firmware of a GPU that answers.
# TYPE deeprig_gpu_info gauge
deeprig_gpu_info{address="0000:01:00.0",gpu="0",name="Simulated \\"B\\" \\\\ 1",uuid="GPU-0",vbios=""} 1.0
# HELP deeprig_gpu_temperature_celsius Temperature of the GPU's core.
# TYPE deeprig_gpu_temperature_celsius gauge
deeprig_gpu_temperature_celsius{gpu="0",uuid="GPU-0"} 61.0
deeprig_gpu_temperature_celsius{gpu="1",uuid="GPU-1"} 58.0
# HELP deeprig_gpu_energy_joules_total Energy used since the driver was loaded.
# TYPE deeprig_gpu_energy_joules_total counter
deeprig_gpu_energy_joules_total{gpu="0",uuid="GPU-0"} 43.992
"""  # noqa: E501 - as it is written


def some():
    """Samples in another order than they are written in."""
    samples = Samples()
    samples.add(names.ENERGY, 43.992, "0", "GPU-0")
    samples.add(names.TEMPERATURE, 61, "0", "GPU-0")
    samples.add(names.TEMPERATURE, 58, "1", "GPU-1")
    samples.add(names.GPU_INFO, 1, "0", "GPU-0", 'Simulated "B" \\ 1', "0000:01:00.0", "")
    samples.add(names.NVML_UP, True)
    return samples


def test_the_text_is_as_prometheus_reads_it():
    assert exposition.exposition(some()).decode() == GOLDEN


def test_what_is_written_is_read_back():
    samples = Samples()
    samples.add(names.GPU_INFO, 1, "0", "GPU-0", 'half \ud800 "é" \\ \n', "", "")
    (family,) = text_string_to_metric_families(exposition.exposition(samples).decode())
    assert family.samples[0].labels["name"] == 'half ? "é" \\ ?'


@pytest.fixture
def umask():
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_the_file_is_whole_and_readable_for_node_exporter(tmp_path, umask):
    path = tmp_path / "deeprig.prom"
    exposition.write(path, b"old\n")
    exposition.write(path, b"new\n")
    assert path.read_bytes() == b"new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [file.name for file in tmp_path.iterdir()] == ["deeprig.prom"]


def test_a_link_in_the_place_of_the_draft_is_not_followed(tmp_path):
    other = tmp_path / "other"
    other.write_text("not ours")
    (tmp_path / ".deeprig.prom.new").symlink_to(other)
    exposition.write(tmp_path / "deeprig.prom", b"new\n")
    assert other.read_text() == "not ours"
    assert (tmp_path / "deeprig.prom").read_bytes() == b"new\n"
    assert not (tmp_path / "deeprig.prom").is_symlink()


def test_a_draft_that_was_left_behind_is_no_hindrance(tmp_path):
    (tmp_path / ".deeprig.prom.new").write_text("cut off")
    exposition.write(tmp_path / "deeprig.prom", b"new\n")
    assert [file.name for file in tmp_path.iterdir()] == ["deeprig.prom"]
