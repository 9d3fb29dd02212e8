"""A server's certificate and its key, as roles that serve declare them."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationInfo, field_validator, model_validator

from deeprig.role import RoleSettings
from deeprig.secrets import SecretText, covered

_WHERE = "or where it is: {'file': path}, {'env': NAME}, {'command': [program, argument]}"


class TlsSettings(RoleSettings):
    """The certificate that a server shows, and its key."""

    certificate: Path = Field(
        description="PEM file on the controller, the chain behind it; a relative path starts at "
        "the lab directory."
    )
    key: SecretText = Field(description=f"Its private key, as PEM, {_WHERE}.")

    @model_validator(mode="before")
    @classmethod
    def _keep_secrets(cls, data: Any) -> Any:
        return covered(data, ("key",))

    @field_validator("certificate")
    @classmethod
    def _is_certificate(cls, path: Path, info: ValidationInfo) -> Path:
        lab: Path = (info.context or {}).get("lab_directory", Path())
        found = lab / path.expanduser()
        try:
            ssl.create_default_context().load_verify_locations(found)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"{found} is no certificate: {error.strerror or error}") from None
        return found

    @field_validator("key")
    @classmethod
    def _is_key(cls, key: Any) -> Any:
        if "PRIVATE KEY-----" not in key.get_secret_value():
            raise ValueError("this is no private key in PEM")
        return key
