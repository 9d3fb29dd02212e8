"""An example lab: which machines there are. What they shall be stands in group_data/.

This is pyinfra's own inventory form: each list is a group, each entry a host name or
(name, data). Try it: deeprig plan -i inventory/lab.py --limit ada
"""

workstations = [
    ("ada", {"ssh_hostname": "192.0.2.11", "gpu_count": 2}),
    ("grace", {"ssh_hostname": "192.0.2.12", "gpu_count": 1}),
]

teaching = [
    ("lovelace", {"ssh_hostname": "192.0.2.21", "gpu_count": 0}),
]
