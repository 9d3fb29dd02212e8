"""What a report keeps of a long output."""

from deeprig.engine.execute import shortened


def test_a_short_output_is_kept_whole():
    text = "\n".join(f"line {number}" for number in range(35))
    assert shortened(text) == text
    assert shortened("") == ""


def test_a_long_output_keeps_how_it_began_and_how_it_ended():
    lines = shortened("\n".join(f"line {number}" for number in range(100))).splitlines()
    assert lines[0] == "line 0"
    assert lines[5] == "... 65 lines left out ..."
    assert lines[-1] == "line 99"
    assert len(lines) == 36
