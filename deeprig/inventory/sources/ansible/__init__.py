"""Ansible inventories: INI, YAML, JSON listings and executables, as ansible-core reads them.

What decides here follows ansible-core 2.1x: ``plugins/inventory/{ini,yaml,script}.py``,
``inventory/data.py`` (``all`` and ``ungrouped``), ``inventory/helpers.py`` (order of groups) and
``vars/plugins.py`` (precedence). tests/contract/test_ansible_inventories.py compares the two.
"""
