"""Messages by mail: through the machine's own ``sendmail``, or through an SMTP server."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid

from deeprig_host.alerts.config import Mail
from deeprig_host.alerts.delivery import NotDelivered
from deeprig_host.alerts.message import Message
from deeprig_host.machine.commands import Machine

#: For each step of a conversation; some servers let one wait on purpose.
_SECONDS = 15
#: Every mail transfer agent of Debian brings it at this path.
SENDMAIL = "/usr/sbin/sendmail"


def send(mail: Mail, machine: Machine, message: Message) -> tuple[str, ...]:
    """Send the message; return who was refused of several. Raise NotDelivered."""
    letter = _letter(mail, message)
    if mail.server:
        return _through_server(mail, letter)
    done = machine.run(
        str(machine.path(SENDMAIL)), "-oi", "-t", stdin=letter.as_string(), seconds=_SECONDS
    )
    if done.is_missing:
        raise NotDelivered(f"there is no {SENDMAIL}: give `smtp`, or install a mail server")
    if not done.is_good:
        told = "; ".join(done.tail(3)) or "nothing"
        raise NotDelivered(f"{SENDMAIL} exited with {done.code} and said: {told}")
    return ()


def _letter(mail: Mail, message: Message) -> EmailMessage:
    letter = EmailMessage()
    letter["Subject"] = " ".join(message.title.split())
    letter["From"] = mail.sender or "root"
    letter["To"] = ", ".join(mail.recipients)
    letter["Date"] = format_datetime(localtime())
    letter["Message-ID"] = make_msgid(domain=message.host)
    # No out-of-office answers: RFC 3834.
    letter["Auto-Submitted"] = "auto-generated"
    letter["X-Deeprig-Level"] = message.level
    letter.set_content(message.text, cte="quoted-printable")
    return letter


def _through_server(mail: Mail, letter: EmailMessage) -> tuple[str, ...]:
    try:
        with _connect(mail) as server:
            if mail.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if mail.user:
                server.login(mail.user, mail.password)
            refused = server.send_message(letter)
    except smtplib.SMTPResponseException as error:
        # The server's words may repeat what it was given: its code is enough.
        name = type(error).__name__
        raise NotDelivered(f"{mail.server} answered {error.smtp_code} ({name})") from None
    except smtplib.SMTPRecipientsRefused:
        raise NotDelivered(f"{mail.server} refused every recipient") from None
    except (OSError, smtplib.SMTPException) as error:
        raise NotDelivered(f"{mail.server}:{mail.port}: {error}") from None
    return tuple(f"mail: {mail.server} refused {address}" for address in refused)


def _connect(mail: Mail) -> smtplib.SMTP:
    if mail.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(mail.server, mail.port, timeout=_SECONDS, context=context)
    return smtplib.SMTP(mail.server, mail.port, timeout=_SECONDS)
