"""Before anything imports requests or pyinfra: gevent, as the command line itself does."""

from deeprig.engine.embedding import patch_standard_library

patch_standard_library()

import pytest  # noqa: E402 - after the patching

#: Tests with hosts of their own, which run beside all others: by fixture (simulated GPU machines,
#: their repositories), by the beginning of a file's name, by directory.
_FIXTURES = {"gpu", "gpu_state", "repositories"}
_FILES = ("test_sim_", "test_driver", "test_vm_", "test_network")
_DIRECTORIES = {"faults"}


def pytest_collection_modifyitems(items):
    """Mark what script/run_tests.py runs in a part of its own."""
    for item in items:
        parts = set(item.path.parts)
        is_beside = item.path.name.startswith(_FILES) or bool(_DIRECTORIES & parts)
        has_machine = bool(_FIXTURES & set(getattr(item, "fixturenames", ())))
        if has_machine or (is_beside and "unit" not in parts):
            item.add_marker(pytest.mark.beside)
