"""Each channel delivers to a real server on loopback, and says in plain words when it cannot."""

import email
import email.policy
import json
import socket

import pytest
from deeprig_host.alerts import web as web_channel
from deeprig_host.alerts.channels import channels
from deeprig_host.alerts.config import Config, Mail, Ntfy, Webhook
from deeprig_host.alerts.delivery import NotDelivered
from deeprig_host.alerts.mail import SENDMAIL
from deeprig_host.alerts.message import Notice, compose
from deeprig_host.machine.commands import Machine

NOW = 1_800_000_000.0
UNTOLD = "SECRET"
HOT = Notice("began", "GpuNearSlowdown", "critical", "GPU 0 is 3 °C below", "Look.", NOW - 60)
OVER = Notice("resolved", "GpuLost", "critical", "GPU 1 does not answer", "Save.", NOW)
MESSAGE = compose("rig", (HOT, OVER), NOW)


def send(config, message=MESSAGE, machine=None):
    (channel,) = channels(config, machine)
    return channel.send(message)


def failure(config, machine=None):
    with pytest.raises(NotDelivered) as error:
        send(config, machine=machine)
    assert "SECRET" not in str(error.value)
    assert error.value.__cause__ is None, "the cause holds the address"
    return str(error.value)


def hook(web, **more):
    return Config(webhook=Webhook(f"{web.url}/hook/SECRET", **more))


def test_a_webhook_gets_all_that_is_known(web):
    send(hook(web, token=UNTOLD))
    ((verb, path, headers, body),) = web.requests
    told = json.loads(body)
    assert (verb, path, headers["Authorization"]) == ("POST", "/hook/SECRET", "Bearer SECRET")
    assert headers["Content-Type"] == "application/json"
    assert (told["schema"], told["host"], told["level"]) == ("deeprig.alert/1", "rig", "critical")
    assert told["title"] == "[rig] critical: GPU 0 is 3 °C below (and 1 more)"
    assert [alert["kind"] for alert in told["alerts"]] == ["began", "resolved"]
    assert told["text"].startswith(told["title"] + "\nNew:\n- critical GpuNearSlowdown: GPU 0 is")


def test_a_chat_gets_text_alone(web):
    send(hook(web, format="text"))
    assert list(json.loads(web.requests[0][3])) == ["text"]


def test_ntfy_gets_headers_and_text(web):
    send(Config(ntfy=Ntfy(f"{web.url}/topic", "SECRET")))
    ((verb, path, headers, body),) = web.requests
    assert (verb, path, headers["Priority"], headers["Tags"]) == (
        "POST",
        "/topic",
        "urgent",
        "rotating_light",
    )
    assert headers["Title"] == "[rig] critical: GPU 0 is 3 ?C below (and 1 more)"
    assert headers["Authorization"] == "Bearer SECRET"
    assert "3 °C" in body.decode()


def test_what_is_over_is_told_without_alarm(web):
    message = compose("rig", (OVER,), NOW)
    send(Config(ntfy=Ntfy(f"{web.url}/topic")), message)
    _, _, headers, _ = web.requests[0]
    assert (headers["Priority"], headers["Title"]) == (
        "default",
        "[rig] info: over: GPU 1 does not answer",
    )
    assert "Authorization" not in headers


def test_a_long_text_stays_a_message_for_ntfy(web):
    many = tuple(HOT for _ in range(100))
    send(Config(ntfy=Ntfy(f"{web.url}/topic")), compose("rig", many, NOW))
    body = web.requests[0][3]
    assert len(body) < 4096
    assert body.decode().endswith("…\n")


@pytest.mark.parametrize("status", [400, 401, 429, 500, 503])
def test_an_answer_that_is_no_success_is_a_failure(web, status):
    web.status = status
    assert failure(hook(web)) == f"127.0.0.1 answered {status}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_named(web, other_web, status):
    web.status = status
    web.headers = {"Location": f"{other_web.url.replace('127.0.0.1', 'localhost')}/SECRET"}
    told = failure(hook(web))
    assert told.startswith(f"127.0.0.1 answered {status}, a redirect to localhost: write that")
    assert other_web.requests == []


def test_a_server_that_hangs_up_is_a_failure(web):
    web.hangs_up = True
    assert failure(hook(web)) == "127.0.0.1: RemoteDisconnected"


def test_no_server_is_a_failure():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/SECRET"
        assert "refused" in failure(Config(webhook=Webhook(url)))


def test_a_server_that_never_answers_is_a_failure(monkeypatch):
    monkeypatch.setattr(web_channel, "_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/SECRET"
        told = failure(Config(webhook=Webhook(url)))
        assert "timed out" in told or "TimeoutError" in told


def test_a_certificate_that_nobody_vouches_for_is_refused(web):
    url = web.url.replace("http:", "https:") + "/SECRET"
    assert "SSL" in failure(Config(webhook=Webhook(url)))


def test_a_name_that_is_no_name_is_a_failure():
    assert failure(Config(webhook=Webhook(f"http://{'a' * 70}.org/SECRET")))


def test_the_proxy_of_the_environment_is_used(web, monkeypatch):
    monkeypatch.setenv("http_proxy", web.url)
    send(Config(webhook=Webhook("http://hooks.invalid/x")))
    assert web.requests[0][1] == "http://hooks.invalid/x"


def test_the_heartbeat_is_a_get(web):
    web_channel.ping(f"{web.url}/beat")
    assert web.requests[0][:2] == ("GET", "/beat")


def mail(smtp, **more):
    fields = {"security": "none", "sender": "rig@example.org"} | more
    to = ("ada@example.org", "bob@example.org")
    return Config(mail=Mail(to, server="127.0.0.1", port=smtp.port, **fields))


def test_a_mail_server_gets_a_letter(smtp):
    assert send(mail(smtp)) == ()
    letter = email.message_from_bytes(smtp.letters[0], policy=email.policy.default)
    assert letter["Subject"] == MESSAGE.title
    assert (letter["From"], letter["To"]) == (
        "rig@example.org",
        "ada@example.org, bob@example.org",
    )
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content().replace("\r\n", "\n") == MESSAGE.text
    assert len(smtp.recipients) == 2


def test_one_recipient_who_is_refused_is_told_and_the_others_get_it(smtp):
    smtp.refuses = {"rcpt TO:<bob": "550 no such user SECRET"}
    assert send(mail(smtp)) == ("mail: 127.0.0.1 refused bob@example.org",)
    assert len(smtp.letters) == 1


@pytest.mark.parametrize(
    ("refuses", "more", "told"),
    [
        ({"rcpt": "550 no SECRET"}, {}, "127.0.0.1 refused every recipient"),
        ({"mail": "451 later SECRET"}, {}, "127.0.0.1 answered 451 (SMTPSenderRefused)"),
        ({"data": "554 no SECRET"}, {}, "127.0.0.1 answered 554 (SMTPDataError)"),
        ({}, {"user": "u", "password": "SECRET"}, "SMTP AUTH extension not supported"),
        ({}, {"security": "starttls"}, "STARTTLS extension not supported"),
        ({}, {"security": "tls"}, "SSL"),
    ],
)
def test_a_mail_server_that_refuses_is_a_failure(smtp, refuses, more, told):
    smtp.refuses = refuses
    assert told in failure(mail(smtp, **more))
    assert smtp.letters == []


def test_no_mail_server_is_a_failure(smtp):
    config = Config(mail=Mail(("a@b",), "", "127.0.0.1", 1, "none"))
    assert failure(config).startswith("127.0.0.1:1: ")


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def place_sendmail(machine, script):
    """A program in sendmail's place: it is really run."""
    program = machine.path(SENDMAIL)
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


LOCAL = Config(mail=Mail(("root",), ""))


def test_the_machines_own_sendmail_gets_a_letter(machine):
    taken = machine.root / "letter"
    place_sendmail(machine, f'echo "$@" > {taken}.arguments; cat > {taken}')
    send(LOCAL, machine=machine)
    assert (machine.root / "letter.arguments").read_text() == "-oi -t\n"
    letter = email.message_from_bytes(taken.read_bytes(), policy=email.policy.default)
    assert (letter["To"], letter["Subject"]) == ("root", MESSAGE.title)
    assert letter.get_content() == MESSAGE.text
    assert taken.read_bytes().isascii()


def test_a_sendmail_that_fails_is_a_failure(machine):
    place_sendmail(machine, "cat > /dev/null; echo queue full >&2; exit 75")
    assert failure(LOCAL, machine) == f"{SENDMAIL} exited with 75 and said: queue full"


def test_no_sendmail_is_a_failure_with_its_remedy(machine):
    assert failure(LOCAL, machine) == (
        f"there is no {SENDMAIL}: give `smtp`, or install a mail server"
    )


def test_all_configured_channels_are_there(machine):
    config = Config(mail=LOCAL.mail, webhook=Webhook("http://x"), ntfy=Ntfy("http://x"))
    assert [channel.name for channel in channels(config, machine)] == ["mail", "webhook", "ntfy"]
    assert channels(Config(), machine) == ()
