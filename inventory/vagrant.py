"""The machines of the Vagrantfile that are up, as `vagrant up` wrote down how to reach them."""

import json
from pathlib import Path

from pyinfra.api.exceptions import PyinfraError

_written = Path(__file__).resolve().parents[1] / ".vagrant" / "deeprig"
_machines = _written / "machines.json"
if not _machines.is_file() or not (_found := json.loads(_machines.read_text(encoding="utf-8"))):
    raise PyinfraError("no machine of the Vagrantfile is up: run 'vagrant up' first")

_REACH = ("ssh_hostname", "ssh_port", "ssh_user", "ssh_key")
_CHECKED = {
    "ssh_known_hosts_file": str(_written / "known_hosts"),
    "ssh_strict_host_key_checking": "yes",
}

vagrant = [(m["name"], {key: m[key] for key in _REACH} | _CHECKED) for m in _found]
