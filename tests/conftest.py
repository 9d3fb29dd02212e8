"""Before anything imports requests or pyinfra: gevent, as the command line itself does."""

from deeprig.engine.embedding import patch_standard_library

patch_standard_library()

import pytest  # noqa: E402 - after the patching

#: Fixtures of simulated GPU machines and their repositories; these tests run beside all others.
_GPU_FIXTURES = {"gpu", "gpu_state", "repositories"}
_GPU_FILES = ("test_sim_", "test_driver", "test_vm_")


def pytest_collection_modifyitems(items):
    """Mark what script/run_tests.py runs in a half of its own."""
    for item in items:
        is_slow = "unit" not in item.path.parts and item.path.name.startswith(_GPU_FILES)
        if is_slow or _GPU_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.gpu)
