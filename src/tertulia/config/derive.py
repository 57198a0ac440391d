"""From one `TERTULIA_*` value to what Django wants to know: database, files, mail, and the secret key."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from tertulia.config.environment import SettingsError

S3 = "storages.backends.s3.S3Storage"


def secret_key(given: SecretStr | None, var: Path) -> str:
    """The given key, or one that is made once and kept in `var`. Raises SettingsError where that cannot be."""
    if given is not None:
        return given.get_secret_value()
    path = var / "secret-key"
    try:
        if not path.exists():
            _make_key(path)
        return path.read_text()
    except OSError as error:
        raise SettingsError(
            f"TERTULIA_VAR: the secret key in {path} cannot be kept ({error.strerror}). Start the program as the user"
            " whom that folder belongs to, give it another folder, or set TERTULIA_SECRET_KEY."
        ) from error


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"secret-key.{os.getpid()}")
    new.touch(mode=0o600)
    new.write_text(secrets.token_urlsafe(64))
    try:
        os.link(new, path)  # whole or not at all, and only the first of several processes
    except FileExistsError:
        pass
    finally:
        new.unlink()


def database(url: SecretStr | None) -> dict[str, Any]:
    """One entry of Django's `DATABASES` for a `postgresql://` URL."""
    parts = urlsplit(url.get_secret_value() if url else "")
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "tertulia",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": query.pop("port", "") or str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # `kernel.prepared` alone prepares, and says so; without a threshold psycopg would not let it.
        "OPTIONS": {"application_name": "tertulia", "prepare_threshold": 5, **query},
        "TEST": {"TEMPLATE": "template0"},
    }


def file_storage(url: SecretStr, var: Path) -> dict[str, Any]:
    """One entry of Django's `STORAGES` for uploaded files."""
    text = url.get_secret_value()
    parts = urlsplit(text)
    if parts.scheme == "folder":
        folder = text.removeprefix("folder:").removeprefix("//")
        location = Path(folder).expanduser().resolve() if folder else var / "files"
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": location}}
    scheme = "http" if parts.scheme == "s3+http" else "https"
    port = f":{parts.port}" if parts.port else ""
    options = {
        "endpoint_url": f"{scheme}://{parts.hostname}{port}",
        "bucket_name": parts.path.strip("/"),
        "access_key": unquote(parts.username or "") or None,
        "secret_key": unquote(parts.password or "") or None,
        "region_name": dict(parse_qsl(parts.query)).get("region"),
        "default_acl": None,
        "querystring_auth": True,
        "file_overwrite": False,
    }
    return {"BACKEND": S3, "OPTIONS": options}


def mail(url: SecretStr) -> tuple[str, dict[str, str]]:
    """Django's mail backend, and how to reach it: `host port user password security folder`, those that apply."""
    text = url.get_secret_value()
    parts = urlsplit(text)
    if parts.scheme == "console":
        return "django.core.mail.backends.console.EmailBackend", {}
    if parts.scheme == "file":
        folder = Path(text.removeprefix("file:").removeprefix("//")).expanduser().resolve()
        return "django.core.mail.backends.filebased.EmailBackend", {"folder": str(folder)}
    tls = parts.scheme == "smtps"
    user = unquote(parts.username or "")
    plain = dict(parse_qsl(parts.query)).get("tls") == "no"
    return "django.core.mail.backends.smtp.EmailBackend", {
        "host": parts.hostname or "localhost",
        "port": str(parts.port or (465 if tls else 587)),
        "user": user,
        "password": unquote(parts.password or ""),
        "security": "tls" if tls else "none" if plain else "starttls",
    }
