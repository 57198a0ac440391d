"""`TERTULIA_SIGN_IN`: outside systems by which people sign in, for installations that are set up by settings alone."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError, model_validator

MOST_BYTES = 1024 * 1024


class SignIn(BaseModel):
    """One outside system; `docs/integrations/sign-in.md` says what to enter for which."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$")
    kind: Literal["oidc", "saml", "openedx"]
    name: str = Field(min_length=1, max_length=40)
    address: str = ""
    client_id: str = ""
    secret: SecretStr = SecretStr("")
    metadata: str = ""
    audience: str = "openedx"
    token_issuer: str = ""
    groups_claim: str = "groups"
    trust: Literal["claim", "always", "never", ""] = ""
    newcomers: bool = True

    @model_validator(mode="before")
    @classmethod
    def _default_trust(cls, given: object) -> object:
        if isinstance(given, dict) and not given.get("trust"):
            return {**given, "trust": "claim" if given.get("kind") == "oidc" else "never"}
        return given

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "saml" and not (self.address or self.metadata):
            raise ValueError(f"“{self.slug}” needs an address of its metadata, or the metadata itself")
        if self.kind != "saml" and not (self.address.startswith(("https://", "http://")) and self.client_id):
            raise ValueError(f"“{self.slug}” needs an address that begins with https://, and a client_id")
        return self


_MANY = TypeAdapter(tuple[SignIn, ...])


def read_sign_in(setting: SecretStr | None) -> tuple[SignIn, ...]:
    """The systems of a JSON list, or of the file of that name.

    Raises ValueError with a sentence that tells no secret.
    """
    value = setting.get_secret_value().strip() if setting else ""
    if not value:
        return ()
    text = value if value.startswith("[") else _read_file(value)
    try:
        found = _MANY.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{place + ': ' if place else ''}{message[:1].lower()}{message[1:]}") from None
    slugs = [one.slug for one in found]
    if len(set(slugs)) < len(slugs):
        raise ValueError("each needs a slug of its own")
    return found


def _read_file(name: str) -> str:
    try:
        path = Path(name)
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("the file is larger than 1 MiB")
        return path.read_text("utf-8")
    except OSError as error:
        raise ValueError(
            f"it is neither a JSON list nor a file that can be read ({error.strerror or type(error).__name__})"
        ) from None
    except UnicodeDecodeError:
        raise ValueError("the file is not text in UTF-8") from None
