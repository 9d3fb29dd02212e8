"""What a check hands to a report: everything in it masked, however deep."""

from deeprig.masking import MASK, Masker
from deeprig.verify.recorder import masked_data

MASKER = Masker(("hunter2hunter2",))


def test_texts_are_masked_however_deep_they_lie_and_numbers_stay():
    data = {
        "command": "login hunter2hunter2",
        "steps": [{"url": "https://ada:pass@host/x"}, ("hunter2hunter2", 3, None, True, 0.5)],
        "hunter2hunter2": "as a name",
    }
    assert masked_data(data, MASKER) == {
        "command": f"login {MASK}",
        "steps": [{"url": f"https://{MASK}@host/x"}, [MASK, 3, None, True, 0.5]],
        MASK: "as a name",
    }


def test_a_secret_in_the_data_of_a_check_reaches_no_report(bench):
    bench.checks(
        "def test_one(check):\n"
        "    check('one', True, 'token=abc', data={'deep': [{'said': 'token=verysecret'}]})\n"
    )
    document = bench.json(code=0)
    (check,) = document["hosts"][0]["checks"]
    assert check["data"] == {"deep": [{"said": f"token={MASK}"}]}
    assert "verysecret" not in bench.reports()[0].read_text()
