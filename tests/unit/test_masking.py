"""Secrets never reach plans, diffs, logs or reports."""

from pydantic import SecretStr

from deeprig.engine.diff import masked_diff, unified
from deeprig.masking import MASK, Masker
from deeprig.role import RoleSettings


class Inner(RoleSettings):
    token: SecretStr = SecretStr("tok-5f2c")


class Outer(RoleSettings):
    inner: tuple[Inner, ...] = (Inner(),)
    passwords: tuple[SecretStr, ...] = (SecretStr("hunter2!"),)
    short: SecretStr = SecretStr("ab")


def test_secrets_are_found_in_nested_settings():
    masker = Masker.of(Outer())
    assert masker("x tok-5f2c y hunter2! z") == f"x {MASK} y {MASK} z"


def test_a_secret_too_short_to_mask_does_not_blank_the_text():
    assert Masker.of(Outer())("absolutely") == "absolutely"


def test_credentials_in_urls_are_masked():
    assert Masker()("get http://user:pw%21@proxy:3128/x") == f"get http://{MASK}@proxy:3128/x"


def test_values_after_secret_names_are_masked():
    assert Masker()("api_key = abcdef") == f"api_key = {MASK}"
    assert Masker()("RESTIC_PASSWORD=abc def") == f"RESTIC_PASSWORD={MASK} def"


def test_where_a_secrets_file_is_may_be_told():
    for text in ("password_file = /etc/deeprig/a.password", "RESTIC_PASSWORD_FILE=/run/secret"):
        assert Masker()(text) == text
    assert Masker()("password_file = hunter2") == f"password_file = {MASK}"
    assert Masker()("password_files=/etc/x") == f"password_files={MASK}"


def test_sudo_rules_are_no_secrets():
    assert Masker()("ada ALL=(ALL:ALL) NOPASSWD: ALL") == "ada ALL=(ALL:ALL) NOPASSWD: ALL"


def test_old_lines_of_a_private_file_are_hidden_and_new_secrets_masked():
    text = unified("/etc/x", ("old-secret", "kept"), ("hunter2!", "kept"), exists=True)
    shown = masked_diff(text, Masker(("hunter2!",)), hide_old=True)
    assert "old-secret" not in shown
    assert "hunter2!" not in shown
    assert f"-{MASK}" in shown
    assert f"+{MASK}" in shown


def test_a_public_diff_is_shown_whole():
    text = unified("/etc/x", ("a",), ("b",), exists=True)
    assert masked_diff(text, Masker(), hide_old=False).splitlines()[-2:] == ["-a", "+b"]


def test_a_new_file_is_compared_with_nothing():
    assert unified("/etc/x", (), ("b",), exists=False).startswith("--- /dev/null")
