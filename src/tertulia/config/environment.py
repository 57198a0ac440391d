"""Every setting of an installation, typed: what `TERTULIA_*` may say and what it means.

A wrong value stops the start with one sentence that names it (see `read_environment`).
The descriptions below are the documentation: `docs/operate/settings.md` is tested against them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsError(Exception):
    """One or more settings cannot be used; the message is for the person who starts the program."""


class Environment(BaseSettings):
    """The `TERTULIA_*` environment variables (also read from a file named `.env` in the working folder)."""

    model_config = SettingsConfigDict(env_prefix="TERTULIA_", env_file=".env", extra="ignore", frozen=True)

    var: Path = Field(
        Path("var"),
        description="Folder for everything the program stores itself: the private database, files, secrets.",
    )
    database_url: SecretStr | None = Field(
        None,
        description="`postgresql://user:password@host:port/name` of a PostgreSQL 15 or newer. "
        "Without it the program starts a private PostgreSQL of its own under `TERTULIA_VAR`.",
    )
    url: str = Field(
        "http://localhost:8000",
        pattern=r"^https?://[^/\s]+$",
        description="The address people type, with scheme and without a path. "
        "Links in mail, passkeys and cookies are made for it.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Signs sessions and links; at least 50 characters. Without it one is made and kept under `TERTULIA_VAR`.",
    )
    debug: bool = Field(False, description="Developers only: reload templates, show tracebacks.")
    demo: bool = Field(False, description="Demonstration mode: one-click sign-in as made-up people. Never on a real install.")
    sign_up: Literal["open", "invited", "closed"] = Field(
        "invited", description="Who may make an account: anyone, people with an invitation, or nobody."
    )
    mail_url: SecretStr = Field(
        SecretStr("console:"),
        description="Where mail goes: `console:` prints it, `file:FOLDER` writes it to files, "
        "`smtp://user:password@host:587` and `smtps://…:465` send it.",
    )
    mail_from: str = Field("Tertulia <tertulia@localhost>", description="The sender of all mail.")
    storage_url: SecretStr = Field(
        SecretStr("folder:"),
        description="Where uploaded files are kept: `folder:` under `TERTULIA_VAR`, or `s3://key:secret@endpoint/bucket`.",
    )
    max_file_mb: int = Field(25, ge=1, le=2048, description="Largest file a person may upload, in MiB.")
    workers: int = Field(2, ge=1, le=64, description="Web processes of `tertulia serve`.")
    language: str = Field("en", description="Language of pages for people who chose none.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    behind_proxy: int = Field(
        0,
        ge=0,
        le=5,
        description="How many reverse proxies stand in front and add to `X-Forwarded-For`; 0 trusts nobody's word about addresses.",
    )


def read_environment() -> Environment:
    """The settings of this process.

    Raises SettingsError with a sentence per wrong setting, naming it as the person typed it.
    """
    try:
        return Environment()  # type: ignore[call-arg]  # pydantic-settings fills the fields from the environment
    except ValidationError as error:
        lines = [
            f"TERTULIA_{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg'].lower()}"
            f" (it is {problem['input']!r}). See docs/operate/settings.md."
            for problem in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from None
