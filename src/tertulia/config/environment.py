"""Every setting of an installation, typed: what `TERTULIA_*` may say and what it means.

A wrong value stops the start with one sentence that names it (see `read_environment`).
The descriptions below are the documentation: `docs/operate/settings.md` is tested against them.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tertulia.config.sign_in import read_sign_in

PREFIX = "TERTULIA_"
LANGUAGES = {"en": "English", "es": "español", "ar": "العربية"}

# Read by the tests, not by the program.
OTHER_NAMES = {"TERTULIA_CHROMIUM"}


class SettingsError(Exception):
    """One or more settings cannot be used; the message is for the person who starts the program."""


class Environment(BaseSettings):
    """The `TERTULIA_*` environment variables (also read from a file named `.env` in the working folder)."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    var: Path = Field(
        Path("var"),
        description="Folder for everything the program stores itself: the private database, files, secrets.",
    )
    database_url: SecretStr | None = Field(
        None,
        description="`postgresql://user:password@host:port/name` of a PostgreSQL 15 or newer."
        " Without it the program starts a private PostgreSQL of its own under `TERTULIA_VAR`.",
    )
    bus_url: SecretStr | None = Field(
        None,
        description="Who carries the short notices between web processes: without it PostgreSQL; with"
        " `valkey://user:password@host:port/0` (`valkeys://` with TLS; `redis://` and `rediss://` mean the same)"
        " a Valkey or Redis server.",
    )
    url: str = Field(
        "http://localhost:8000",
        description="The address people type, with scheme and without a path."
        " Links in mail, passkeys and cookies are made for it. `tertulia serve --port` sets it for a trial.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Signs sessions and links; at least 50 characters."
        " Without it one is made and kept under `TERTULIA_VAR`. Several hosts must share one.",
    )
    debug: bool = Field(False, description="Developers only: reload templates, show tracebacks.")
    demo: bool = Field(
        False, description="Demonstration mode: one-click sign-in as made-up people. Never on a real install."
    )
    sign_up: Literal["open", "invited", "closed"] = Field(
        "invited", description="Who may make an account: anyone, people with an invitation, or nobody."
    )
    sign_in: SecretStr | None = Field(
        None,
        description="Outside systems by which people sign in, besides those that owners enter under Installation:"
        " a JSON list, or the name of a file that holds it. See [signing in](../integrations/sign-in.md).",
    )
    local_sign_in: Literal["everyone", "owners"] = Field(
        "everyone",
        description="Who signs in by what is local (password, code by mail, passkey) where there are outside systems to"
        " sign in by: everyone, or owners of the installation alone.",
    )
    workspace_creation: Literal["owners", "everyone"] = Field(
        "owners", description="Who may make workspaces: owners of the installation, or everyone who has an account."
    )
    mail_url: SecretStr = Field(
        SecretStr("console:"),
        description="Where mail goes: `console:` prints it, `file:FOLDER` writes it to files,"
        " `smtp://user:password@host:587` (with STARTTLS; `?tls=no`: without) and `smtps://user:password@host:465`"
        " send it.",
    )
    mail_from: str = Field("Tertulia <tertulia@localhost>", description="The sender of all mail.")
    storage_url: SecretStr = Field(
        SecretStr("folder:"),
        description="Where uploaded files are kept: `folder:` under `TERTULIA_VAR`, `folder:PATH`, or"
        " `s3://key:secret@endpoint/bucket` (`s3+http://` without encryption; `?region=` where needed).",
    )
    max_file_mb: int = Field(25, ge=1, le=2048, description="Largest file a person may upload, in MiB.")
    workers: int = Field(2, ge=1, le=64, description="Web processes of `tertulia serve`.")
    threads: int = Field(8, ge=1, le=64, description="Pages that one web process makes at the same time.")
    language: str = Field("en", description=f"Language of pages for people who chose none: {', '.join(LANGUAGES)}.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    fast_lane: Literal["on", "off"] = Field(
        "on",
        description="`off` has Django alone answer what the fast lane would; to rule it out when something is odd.",
    )
    limits: float = Field(
        1.0,
        gt=0,
        description="All rate limits are multiplied by this: 2 lets people do twice as much in the same time."
        " What guards accounts against guessing, and slow mode, stay as they are.",
    )
    behind_proxy: int = Field(
        0,
        ge=0,
        le=5,
        description="How many reverse proxies stand in front and add to `X-Forwarded-For`;"
        " 0 trusts nobody's word about addresses.",
    )

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
            raise ValueError("it must be an address like https://learn.example.org")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(
                "it must end after the name (and port): Tertulia has an address of its own, without a path"
            )
        _port(value)
        return f"{parts.scheme}://{parts.netloc.lower()}"

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        parts = urlsplit(value.get_secret_value())
        if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
            raise ValueError("it must look like postgresql://user:password@host:5432/name")
        _port(value.get_secret_value())
        return value

    @field_validator("bus_url")
    @classmethod
    def _valkey(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        parts = urlsplit(value.get_secret_value())
        number = parts.path.strip("/") or "0"
        good = parts.scheme in {"valkey", "valkeys", "redis", "rediss"} and parts.hostname
        if not good or not (number.isascii() and number.isdigit()):
            raise ValueError("it must look like valkey://user:password@host:6379/0")
        if parts.query or parts.fragment:
            raise ValueError("it must end after the number of the database, as in valkey://host:6379/0")
        _port(value.get_secret_value())
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        shortest = 50
        if value is not None and len(value.get_secret_value()) < shortest:
            raise ValueError(f"it must have at least {shortest} characters; leave it out and a good one is made")
        return value

    @field_validator("sign_in")
    @classmethod
    def _outside_systems(cls, value: SecretStr | None) -> SecretStr | None:
        read_sign_in(value)
        return value

    @field_validator("mail_url")
    @classmethod
    def _mail(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        good = {
            "console": True,
            "file": bool(parts.netloc or parts.path),
            "smtp": bool(parts.hostname),
            "smtps": bool(parts.hostname),
        }
        if not good.get(parts.scheme, False):
            raise ValueError("it must be console:, file:FOLDER, smtp://user:password@host:587 or smtps://…@host:465")
        _port(value.get_secret_value())
        return value

    @field_validator("storage_url")
    @classmethod
    def _storage(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        s3 = parts.scheme in {"s3", "s3+http"} and parts.hostname and parts.path.strip("/")
        if parts.scheme != "folder" and not s3:
            raise ValueError("it must be folder:, folder:PATH or s3://key:secret@endpoint/bucket")
        _port(value.get_secret_value())
        return value

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str) -> str:
        if value not in LANGUAGES:
            raise ValueError(f"it must be one of {', '.join(LANGUAGES)}")
        return value


def read_environment() -> Environment:
    """The settings of this process.

    Raises SettingsError with a sentence per wrong setting, naming it as the person typed it.
    """
    sentences = [*_misspelt()]
    try:
        environment = Environment()  # type: ignore[call-arg]  # pydantic-settings fills the fields from the environment
    except ValidationError as error:
        sentences += [_sentence(problem["loc"], problem["msg"], problem["input"]) for problem in error.errors()]
    if sentences:
        raise SettingsError("\n".join([*sentences, "All settings are explained in docs/operate/settings.md."]))
    return environment


def _misspelt() -> list[str]:
    known = {f"{PREFIX}{name.upper()}" for name in Environment.model_fields} | OTHER_NAMES
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    result = []
    for name in unknown:
        close = difflib.get_close_matches(name, known, n=1)
        result.append(f"{name}: there is no such setting." + (f" Did you mean {close[0]}?" if close else ""))
    return result


def _sentence(location: tuple[int | str, ...], message: str, value: object) -> str:
    message = message.removeprefix("Value error, ").replace("Input should", "It must")
    if not location:
        return f"{message}."
    field = Environment.model_fields.get(str(location[0]))
    secret = field is not None and "SecretStr" in str(field.annotation)
    shown = "" if secret else f" It is {str(value)!r}."
    return f"{PREFIX}{str(location[0]).upper()}: {message[:1].lower()}{message[1:]}.{shown}"


def _port(address: str) -> None:
    """Reading the port of an address raises ValueError if it is not a number from 0 to 65535."""
    try:
        urlsplit(address).port  # noqa: B018 - reading it is the check
    except ValueError:
        raise ValueError("the port must be a number up to 65535") from None
