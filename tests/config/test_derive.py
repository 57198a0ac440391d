"""From a URL to Django's words, with all that people put into URLs."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from tertulia.config import derive
from tertulia.config.environment import SettingsError


def test_a_database_url_with_escapes_and_options() -> None:
    found = derive.database(SecretStr("postgresql://an%40a:p%2Fw@db.example.org:5433/my%20name?sslmode=require"))
    assert (found["USER"], found["PASSWORD"]) == ("an@a", "p/w")
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example.org", "5433", "my name")
    assert found["OPTIONS"]["sslmode"] == "require"


def test_a_database_behind_a_socket() -> None:
    found = derive.database(SecretStr("postgresql://postgres@/tertulia?host=%2Ftmp%2Fa%20b&port=5432"))
    assert (found["HOST"], found["PORT"]) == ("/tmp/a b", "5432")  # noqa: S108 - a name, not a file


def test_files_in_the_var_folder(tmp_path: Path) -> None:
    found = derive.file_storage(SecretStr("folder:"), tmp_path)
    assert found["OPTIONS"]["location"] == tmp_path / "files"


def test_files_in_a_folder_of_their_own(tmp_path: Path) -> None:
    found = derive.file_storage(SecretStr(f"folder:{tmp_path}/x"), tmp_path)
    assert found["OPTIONS"]["location"] == tmp_path / "x"


def test_files_in_s3(tmp_path: Path) -> None:
    found = derive.file_storage(SecretStr("s3+http://key:se%2Fcret@minio.test:9000/bucket?region=eu-1"), tmp_path)
    assert found["OPTIONS"]["endpoint_url"] == "http://minio.test:9000"
    assert found["OPTIONS"]["secret_key"] == "se/cret"
    assert (found["OPTIONS"]["bucket_name"], found["OPTIONS"]["region_name"]) == ("bucket", "eu-1")


def test_mail_by_submission_uses_starttls() -> None:
    backend, how = derive.mail(SecretStr("smtp://me%40x:pw@mail.test"))
    assert backend.endswith("smtp.EmailBackend")
    assert how == {"host": "mail.test", "port": "587", "user": "me@x", "password": "pw", "security": "starttls"}


def test_mail_by_tls_and_without() -> None:
    assert derive.mail(SecretStr("smtps://mail.test"))[1]["security"] == "tls"
    assert derive.mail(SecretStr("smtps://mail.test"))[1]["port"] == "465"
    assert derive.mail(SecretStr("smtp://localhost:25?tls=no"))[1]["security"] == "none"


def test_mail_into_files(tmp_path: Path) -> None:
    backend, how = derive.mail(SecretStr(f"file:{tmp_path}"))
    assert backend.endswith("filebased.EmailBackend")
    assert how == {"folder": str(tmp_path)}


def test_the_secret_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    first = derive.secret_key(None, tmp_path / "var")
    assert derive.secret_key(None, tmp_path / "var") == first
    assert len(first) >= 50
    kept = tmp_path / "var/secret-key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["secret-key"]


def test_a_key_that_cannot_be_kept_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where a folder should be")
    with pytest.raises(SettingsError, match=r"TERTULIA_VAR: .*TERTULIA_SECRET_KEY"):
        derive.secret_key(None, tmp_path / "var")
