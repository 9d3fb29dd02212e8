"""``verify.py`` is where pytest looks: what the modules of the checks define runs from there."""

import importlib
import pkgutil

from roles.maintenance import checks, verify


def defined():
    """Return each check by its name, from all modules of the package."""
    names = [f"{checks.__name__}.{module.name}" for module in pkgutil.iter_modules(checks.__path__)]
    modules = [importlib.import_module(name) for name in names]
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if name.startswith("test_")
    }


def test_every_check_is_in_the_module_that_pytest_collects():
    collected = {name: value for name, value in vars(verify).items() if name.startswith("test_")}
    assert collected == defined()
    assert len(collected) == 11
