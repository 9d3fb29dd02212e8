"""Data of all, groups and the host are merged; the closest wins; origins are remembered."""

from deeprig.inventory.merge import Level, deep_merge, merge_levels


def test_dictionaries_are_merged_and_lists_replaced():
    general = {"base": {"timezone": "UTC", "packages": ["git"]}, "gpu_count": 1}
    specific = {"base": {"packages": ["htop"]}}
    assert deep_merge(general, specific) == {
        "base": {"timezone": "UTC", "packages": ["htop"]},
        "gpu_count": 1,
    }


def test_merging_leaves_its_inputs_alone():
    general = {"base": {"a": 1}}
    deep_merge(general, {"base": {"a": 2}})
    assert general == {"base": {"a": 1}}


def test_an_explicit_none_replaces_a_value():
    assert deep_merge({"a": {"b": 1}}, {"a": None}) == {"a": None}


def test_origins_name_every_level_from_general_to_specific():
    merged = merge_levels([Level("all", {"a": 1}), Level("host", {"a": 2, "b": 3})])
    assert merged.data == {"a": 2, "b": 3}
    assert merged.origins == {"a": ("all", "host"), "b": ("host",)}


def test_host_data_refines_group_data_of_a_role(lab):
    lab.hosts('workstations = [("rig1", {"base": {"timezone": "Europe/Paris"}})]')
    lab.data('base = {"timezone": "UTC", "packages": ["git"]}')
    settings = lab.load().host("rig1").role_settings["base"]
    assert settings.timezone == "Europe/Paris"
    assert settings.packages == ("git",)


def test_later_group_wins_over_earlier_as_in_pyinfra(lab):
    lab.hosts('first = ["rig1"]\nsecond = ["rig1"]')
    lab.data("gpu_count = 1", group="first")
    lab.data("gpu_count = 2", group="second")
    assert lab.load().host("rig1").settings.gpu_count == 2


def test_a_secret_of_all_hosts_is_asked_for_once(lab):
    lab.hosts('workstations = ["rig1", "rig2", "rig3"]')
    command = ["sh", "-c", "echo asked >> asked; echo for-all-of-them"]
    lab.data(f'ssh_password = {{"command": {command!r}}}')
    hosts = lab.load().hosts
    assert {h.settings.ssh_password.get_secret_value() for h in hosts} == {"for-all-of-them"}
    assert len(hosts) == 3
    assert (lab.directory / "asked").read_text().split() == ["asked"]
