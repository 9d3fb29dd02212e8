"""Tables of hosts: every mistake at its line and column."""

import pytest


def test_a_table_becomes_hosts(desk):
    desk.write(
        "hosts.csv",
        """\
        name,address,user,port,groups,gpu_count,base.timezone,base.packages
        # a comment
        rig1,192.0.2.1,root,2222,"gpu, lab",2,Europe/Berlin,"[""git"", ""tmux""]"

        rig2,192.0.2.2,,,,,,
        """,
    )
    lab = desk.load("hosts.csv")
    rig1, rig2 = lab.hosts
    assert rig1.groups == ("gpu", "lab")
    assert rig1.address == "192.0.2.1:2222"
    assert rig1.settings.gpu_count == 2
    assert rig1.role_settings["base"].packages == ("git", "tmux")
    assert rig1.role_settings["base"].timezone == "Europe/Berlin"
    assert rig2.settings.model_fields_set == {"ssh_hostname"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_header(desk, delimiter):
    rows = (("name", "address", "roles"), ("rig1", "192.0.2.1", "base conda"))
    desk.write("hosts.csv", "".join(delimiter.join(row) + "\r\n" for row in rows))
    assert desk.load("hosts.csv").host("rig1").roles == ("base", "conda")


def test_a_table_as_a_spreadsheet_writes_it(desk):
    desk.path.joinpath("hosts.csv").write_bytes(b"\xef\xbb\xbfname;address\r\nrig1;192.0.2.1\r\n")
    assert desk.load("hosts.csv").host("rig1").settings.ssh_hostname == "192.0.2.1"


def test_a_column_that_is_no_setting_is_told(desk):
    desk.write("hosts.csv", "name,gpu_cout,room\nrig1,2,B12\n")
    typed, room = desk.load("hosts.csv").notes
    assert "hosts.csv:1, column 2: 'gpu_cout' is no setting" in str(typed)
    assert "did you mean 'gpu_count'?" in str(typed)
    assert str(room).endswith("column 3: 'room' is no setting, and its cells were not read")
    assert not typed.is_detail


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the table is empty"),
        ("address\n192.0.2.1\n", "hosts.csv:1: there is no column 'name'"),
        ("name,user,user\nrig1,a,b\n", "hosts.csv:1, column 3: the column 'user' stands twice"),
        ("name,user\nrig1\n", "hosts.csv:2: this row has 1 cells, and the table 2 columns"),
        ("name,user\n,root\n", "hosts.csv:2, column 1 (name): the host has no name"),
        ("name\nrig1\nrig1\n", "hosts.csv:3: host 'rig1' stands in line 2 already"),
        ("name,gpu_count\nrig1,two\n", "hosts.csv:2, column 2 (gpu_count)"),
        ("name,port\nrig1,99999\n", "hosts.csv:2, column 2 (port)"),
        ("name,base.packages\nrig1,[git]\n", "hosts.csv:2, column 2 (base.packages): this is not"),
        ('name,user\nrig1,"a"b\n', "hosts.csv:2: this is no table"),
        ('name,user\n"rig1,root\n', "hosts.csv:2: this is no table"),
        ("name\nGPU rig\n", "this is no name for a host"),
        ("name\n", "it names no host"),
    ],
)
def test_a_mistake_is_told_at_its_cell(desk, text, expected):
    desk.write("hosts.csv", text)
    assert expected in desk.only_problem("hosts.csv")


def test_an_error_names_only_the_cell_it_is_of(desk):
    desk.write("hosts.csv", 'name,base.timezone,base.packages\nrig1,Europe/Berlin,"[3]"\n')
    text = desk.only_problem("hosts.csv")
    assert "column 3" in text
    assert "column 2" not in text


def test_a_file_that_is_no_text_names_the_line(desk):
    desk.path.joinpath("hosts.csv").write_bytes(b"name\nrig1\nr\xff\n")
    assert "hosts.csv:3: this is no UTF-8 text" in desk.only_problem("hosts.csv")


def test_a_password_in_a_cell_is_never_shown(desk):
    desk.write("hosts.csv", "name,password,gpu_count\nrig1,hush-hush,x\n")
    assert "hush-hush" not in "\n".join(desk.problems("hosts.csv"))


def test_a_password_may_be_a_reference_in_a_cell(desk, monkeypatch):
    monkeypatch.setenv("LAB_LOGIN", "quite-secret")
    desk.write("hosts.csv", 'name,password\nrig1,"{""env"": ""LAB_LOGIN""}"\n')
    lab = desk.load("hosts.csv")
    assert "quite-secret" in lab.inventory.host_data["rig1"].values()
