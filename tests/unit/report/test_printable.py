"""What hosts print is shown, never obeyed."""

import pytest

from deeprig.report.printable import encodable, printable, xml_legal


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("plain, Grüße, 日本語, 🦆", "plain, Grüße, 日本語, 🦆"),
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Hcleared", "cleared"),
        ("\x1b]0;new title\x07text", "text"),
        ("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;never ended\nthe evidence", "\nthe evidence"),
        ("\x1b(Bcharset", "charset"),
        ("\x9b31mred in eight bits", "red in eight bits"),
        (" 10%\r 50%\r100%\ndone\r\n", "100%\ndone\n"),
        ("bell\x07 null\x00 back\x08", "bell� null� back�"),
        ("half a pair \ud83e, a byte \udcff", "half a pair �, a byte �"),
        ("", ""),
    ],
)
def test_a_report_shows_what_a_terminal_would_have_left(printed, shown):
    assert printable(printed) == shown


def test_a_lone_escape_cannot_reach_a_terminal():
    assert "\x1b" not in printable("\x1b\x1b[\x1b]\x1b\n\x1b")


def test_xml_gets_no_noncharacters():
    assert xml_legal("a\ufffeb\uffffc\x0b") == "a�b�c�"


def test_what_an_encoding_cannot_say_is_written_out():
    assert encodable("ok ✔ é", "ascii") == "ok \\u2714 \\xe9"
    assert encodable("ok ✔ é", "latin-1") == "ok \\u2714 é"
    assert encodable("ok ✔ é", "utf-8") == "ok ✔ é"
