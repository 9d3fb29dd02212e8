"""The machines of the Vagrantfile. First: vagrant up; vagrant ssh-config > ssh_config"""

import os

_hosts = int(os.environ.get("HOSTS", "2"))
vagrant = [(f"rig{number}", {}) for number in range(1, _hosts + 1)]
