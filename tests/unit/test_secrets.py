"""Where secrets come from, what cannot be one, and that no message tells one."""

import pytest
from pydantic import BaseModel, SecretStr, ValidationError, model_validator

from deeprig.masking import Masker
from deeprig.secrets import (
    Secret,
    SecretText,
    SecretUrl,
    commands_run_once,
    covered,
    refuse_readable_token,
)


class Declared(BaseModel):
    """A declaration with secrets."""

    password: Secret | None = None
    url: SecretUrl | None = None
    period: int = 1
    inner: "Declared | None" = None

    @model_validator(mode="before")
    @classmethod
    def _keep_secrets(cls, data):
        return covered(data, ("password", "url"))


def declared(lab=None, **data):
    return Declared.model_validate(data, context={"lab_directory": lab} if lab else None)


def refusal(lab=None, **data):
    with pytest.raises(ValidationError) as refused:
        declared(lab, **data)
    return refused.value


def test_a_secret_is_written_down_or_had_from_a_file_the_environment_or_a_command(
    tmp_path, monkeypatch
):
    (tmp_path / "password").write_text("from-a-file\n")
    monkeypatch.setenv("LAB_PASSWORD", "from-the-environment")
    command = ["sh", "-c", "echo from-a-command"]
    for form, value in {
        "written": "written",
        "file": "from-a-file",
        "env": "from-the-environment",
        "command": "from-a-command",
    }.items():
        source = {"file": "password", "env": "LAB_PASSWORD", "command": command}.get(form)
        found = declared(tmp_path, password={form: source} if source else value)
        assert isinstance(found.password, SecretStr)
        assert found.password.get_secret_value() == value
        assert value not in repr(found)
        assert value not in Masker.of(found)(f"it is {value} here")


@pytest.mark.parametrize("code", [0, 1])
def test_a_secrets_command_runs_once_for_all_hosts_of_a_load(tmp_path, code):
    command = ["sh", "-c", f"echo x >> runs; echo for-all-of-them; exit {code}"]
    other = ["sh", "-c", "echo y >> runs; echo for-another"]
    told = set()
    with commands_run_once():
        for _ in range(3):
            if code:
                told.add(str(refusal(tmp_path, password={"command": command})))
            else:
                found = declared(tmp_path, password={"command": command}).password
                told.add(found.get_secret_value())
            declared(tmp_path, password={"command": other})
    assert len(told) == 1
    assert (tmp_path / "runs").read_text().split() == ["x", "y"]
    with commands_run_once():
        declared(tmp_path, password={"command": other})
    assert (tmp_path / "runs").read_text().split() == ["x", "y", "y"], "a new load asks anew"


def test_a_secrets_file_may_lie_in_a_home_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "restic").write_text("from-a-home\r\n")
    found = declared(tmp_path / "lab", password={"file": "~/restic"})
    assert found.password.get_secret_value() == "from-a-home"


def test_a_secrets_command_starts_in_the_lab_directory_and_is_no_shell_text(tmp_path):
    (tmp_path / "store").write_text("kept;beside\n")
    found = declared(tmp_path, password={"command": ["cat", "store"]})
    assert found.password.get_secret_value() == "kept;beside"
    assert "failed: exit 1" in str(refusal(tmp_path, password={"command": ["cat", "store; true"]}))


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ({"file": "no-such-file"}, "cannot be read"),
        ({"file": "."}, "cannot be read"),
        ({"file": "binary"}, "it is no text"),
        ({"env": "NO_SUCH_VARIABLE_HERE"}, "is not set"),
        ({"command": ["false"]}, "failed: exit 1"),
        ({"command": ["true"]}, "at least 4 printable"),
        ({"command": ["no-such-program-here"]}, "is not there"),
        ({"command": ["./binary"]}, "PermissionError"),
        ({"command": "pass show x"}, "is a list"),
        ({"command": []}, "is a list"),
        ({"vault": "x"}, "a secret is a text"),
        ({"file": "a", "env": "b"}, "a secret is a text"),
        ({}, "a secret is a text"),
        (17, "a secret is a text"),
        ("abc", "at least 4 printable"),
        ("two\nlines", "one line"),
        (" padded ", "one line"),
    ],
)
def test_a_secret_that_cannot_be_had_is_refused_with_the_reason(tmp_path, secret, reason):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert reason in refusal(tmp_path, password=secret).errors()[0]["msg"]


def test_a_command_that_asks_forever_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("deeprig.secrets._COMMAND_SECONDS", 0.05)
    command = ["sh", "-c", "exec sleep 60 # hunter2hunter2"]
    refused = refusal(tmp_path, password={"command": command})
    assert "secret's command sh: TimeoutExpired" in str(refused)
    assert "hunter2" not in str(refused)


def test_a_commands_arguments_and_output_are_never_told(tmp_path):
    command = ["sh", "-c", "echo hunter2hunter2 >&2; echo hunter2hunter2; exit 3"]
    for form in (command, tuple(command), "echo hunter2hunter2"):
        refused = refusal(tmp_path, password={"command": form})
        assert "hunter2" not in str(refused.errors(include_input=False))
        assert "hunter2" not in str(refused)


def test_where_a_secret_was_looked_for_is_told(tmp_path):
    assert "no-such-file" in str(refusal(tmp_path, password={"file": "no-such-file"}))
    assert "NO_SUCH_VARIABLE" in str(refusal(tmp_path, password={"env": "NO_SUCH_VARIABLE"}))


def test_a_mistake_beside_a_secret_is_told_without_it():
    inner = {"password": "hunter2hunter2", "url": "https://x.example.org/hunter2", "period": "no"}
    refused = refusal(password="hunter2hunter2", inner=inner)  # noqa: S106 - it is the case
    assert "period" in str(refused)
    assert "hunter2" not in str(refused)


@pytest.mark.parametrize(
    "url",
    ["ftp://x.example.org/", "https:///path", "https://x.example.org/a b", "https://u:p@x.org/"],
)
def test_what_is_no_secret_url_is_refused_and_not_repeated(url):
    told = str(refusal(url=url))
    assert url not in told
    assert "URL" in told


@pytest.mark.parametrize(
    ("url", "is_good"),
    [
        ("https://x.example.org/", True),
        ("http://localhost:80/", True),
        ("http://[::1]/", True),
        ("http://x.example.org/", False),
    ],
)
def test_a_token_is_never_sent_readable(url, is_good):
    if is_good:
        refuse_readable_token(SecretStr(url), SecretStr("tok-en"))
    else:
        with pytest.raises(ValueError, match="use https"):
            refuse_readable_token(SecretStr(url), SecretStr("tok-en"))
    refuse_readable_token(SecretStr(url), None)


class DeclaredText(BaseModel):
    """A declaration with a secret of several lines."""

    key: SecretText

    @model_validator(mode="before")
    @classmethod
    def _keep_secrets(cls, data):
        return covered(data, ("key",))


_KEY = "-----BEGIN KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\nBG5vbmU=\n-----END KEY-----\n"


@pytest.mark.parametrize("given", [_KEY, _KEY.rstrip("\n"), _KEY.replace("\n", "\r\n")])
def test_a_secret_text_keeps_its_lines_and_each_ends_as_unix_ends_it(tmp_path, monkeypatch, given):
    (tmp_path / "key").write_bytes(given.encode())
    monkeypatch.setenv("LAB_KEY", given)
    for form in (given, {"file": "key"}, {"env": "LAB_KEY"}, {"command": ["cat", "key"]}):
        context = {"lab_directory": tmp_path}
        found = DeclaredText.model_validate({"key": form}, context=context)
        assert found.key.get_secret_value() == _KEY
        assert "b3Blbn" not in repr(found)


@pytest.mark.parametrize(
    "text", ["", "\n\n\n\n\n\n", "abc\n", "b3Blbn\x00secret", "b3Blbn\x1bsecret"]
)
def test_what_is_no_secret_text_is_refused_and_not_repeated(text):
    with pytest.raises(ValidationError) as refused:
        DeclaredText.model_validate({"key": text})
    assert "lines of printable characters" in str(refused.value)
    assert "b3Blbn" not in str(refused.value)
    assert "b3Blbn" not in str(refused.value.errors())


def test_each_line_of_a_secret_text_is_masked_by_itself():
    masker = Masker.of(DeclaredText(key=_KEY))
    diff = "".join(f"+ {line}\n" for line in _KEY.splitlines())
    assert "b3Blbn" not in masker(diff)
    assert "BG5vbmU=" not in masker(diff)
    assert "BEGIN KEY" in masker(diff)
    assert "b3Blbn" not in masker(f"before {_KEY} after")
