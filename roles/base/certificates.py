"""CA certificates: split a PEM file, so that update-ca-certificates(8) links each of them."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
#: Where update-ca-certificates looks for the machine's own additions.
DIRECTORY = "/usr/local/share/ca-certificates"


@dataclass(frozen=True, slots=True)
class Certificate:
    """One CA certificate."""

    pem: str

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 fingerprint of the certificate, in hex."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.pem)).hexdigest()

    @property
    def lands_at(self) -> str:
        """Return the path on the host; the name carries the fingerprint, so it never collides."""
        return f"{DIRECTORY}/deeprig-{self.fingerprint[:16]}.crt"


def certificates_of(path: Path) -> tuple[Certificate, ...]:
    """Return the certificates of a PEM file. Raise ValueError when there is none to be had."""
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    found = []
    for part in text.split(_BEGIN)[1:]:
        pem = f"{_BEGIN}\n{part.partition(_END)[0].strip()}\n{_END}\n"
        try:
            ssl.PEM_cert_to_DER_cert(pem)
        except ValueError as error:
            raise ValueError(f"{path} is no PEM file: {error}") from error
        found.append(Certificate(pem))
    if not found:
        raise ValueError(f"{path} holds no PEM certificate")
    return tuple(found)
