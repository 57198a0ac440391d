"""`tertulia doctor`: looks at every part of an installation and says how to mend what is broken."""

from __future__ import annotations

import asyncio
import io
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tertulia.cli import start
from tertulia.cli.say import console
from tertulia.config.environment import SettingsError
from tertulia.config.postgres import DatabaseError

OLDEST_POSTGRESQL = 150_000
EXTENSIONS = ("pg_trgm", "unaccent", "citext")
BUS_SECONDS = 8
LOCAL = {"localhost", "127.0.0.1", "::1"}


class State(Enum):
    """How a part is."""

    WELL = "ok"
    DOUBTFUL = "look"  # works, but perhaps not as meant
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    part: str
    state: State
    sentence: str


COLOURS = {State.WELL: "green", State.DOUBTFUL: "yellow", State.BROKEN: "red"}


def examine() -> int:
    """Print a line for each part; returns the exit code, 1 if anything is broken."""
    broken = 0
    for finding in _findings():
        broken += finding.state is State.BROKEN
        console().print(f"{finding.state.value:7}", style=COLOURS[finding.state], end="")
        console().print(f"{finding.part:10} {finding.sentence}", markup=False)
    return 1 if broken else 0


def _findings() -> Iterator[Finding]:
    try:
        start.django()
    except SettingsError as error:
        yield Finding("settings", State.BROKEN, str(error))
        return
    except DatabaseError as error:
        yield Finding("settings", State.WELL, "All can be read.")
        yield Finding("database", State.BROKEN, str(error))
        return
    yield Finding("settings", State.WELL, "All can be read.")
    examinations: list[Callable[[], Iterator[Finding]]] = [
        _url,
        _database,
        _bus,
        _worker,
        _storage,
        _mail,
        _browser_files,
    ]
    for examination in examinations:
        yield from examination()


def _url() -> Iterator[Finding]:
    from django.conf import settings

    parts = urlsplit(settings.BASE_URL)
    if settings.DEMO:
        yield Finding("url", State.DOUBTFUL, "TERTULIA_DEMO is on: anybody can sign in as the owner.")
    if settings.DEBUG:
        yield Finding("url", State.DOUBTFUL, "TERTULIA_DEBUG is on: visitors see our innards. Take it away.")
    if parts.hostname in LOCAL:
        sentence = f"{settings.BASE_URL} is this machine only. For others, set TERTULIA_URL to the address they type."
        yield Finding("url", State.DOUBTFUL, sentence)
    elif parts.scheme == "http":
        sentence = f"{settings.BASE_URL} is not encrypted: passwords can be read on the way, and passkeys do not work."
        yield Finding(
            "url", State.DOUBTFUL, f"{sentence} Put a proxy with HTTPS in front; see docs/operate/install.md."
        )
    else:
        yield Finding("url", State.WELL, settings.BASE_URL)
        if not settings.PROXIES:
            sentence = "TERTULIA_BEHIND_PROXY is 0, so all people seem to come from the proxy's address. Set it to 1."
            yield Finding("url", State.DOUBTFUL, sentence)


def _database() -> Iterator[Finding]:
    from django.db import connection

    from tertulia.config.health import unapplied

    version = connection.cursor().connection.info.server_version
    name = f"PostgreSQL {version // 10000}.{version % 10000}"
    if version < OLDEST_POSTGRESQL:
        yield Finding("database", State.BROKEN, f"{name} is too old: 15 or newer is needed.")
        return
    yield Finding("database", State.WELL, f"{name} answers.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_available_extensions WHERE name = ANY(%s)", [list(EXTENSIONS)])
        missing = sorted(set(EXTENSIONS) - {row[0] for row in cursor.fetchall()})
    if missing:
        sentence = f"The server lacks {', '.join(missing)}. Install its “contrib” package (postgresql-contrib)."
        yield Finding("database", State.BROKEN, sentence)
    left = unapplied()
    if left:
        yield Finding("database", State.BROKEN, f"{len(left)} changes are not applied. Run: tertulia migrate")
    else:
        yield Finding("database", State.WELL, "All tables are as this release wants them.")


def _bus() -> Iterator[Finding]:
    from django.conf import settings

    own = settings.BUS_URL is not None
    name = "The server of TERTULIA_BUS_URL" if own else "PostgreSQL"
    mend = (
        "Check TERTULIA_BUS_URL and that the server runs; or leave the setting out and PostgreSQL carries them."
        if own
        else "Name PostgreSQL itself in TERTULIA_DATABASE_URL: LISTEN does not work through a pooler."
    )
    # Whatever the libraries raise is what the operator needs to read.
    try:
        asyncio.run(asyncio.wait_for(_hear_ourselves(), BUS_SECONDS))
    except TimeoutError:
        yield Finding("bus", State.BROKEN, f"{name} does not carry notices between web processes. {mend}")
    except Exception as error:  # noqa: BLE001 - see above
        yield Finding("bus", State.BROKEN, f"{name} does not carry notices: {_one_line(error)}. {mend}")
    else:
        yield Finding("bus", State.WELL, f"{name} carries notices between web processes.")


async def _hear_ourselves() -> None:
    """Send a notice, about a channel that is none, and hear it. Raises what goes wrong."""
    from tertulia.kernel import bus
    from tertulia.kernel.ids import new_id
    from tertulia.live.listener import hear

    nothing = str(new_id())
    arrived, ready = asyncio.Event(), asyncio.Event()

    def heard(notice: dict[str, Any]) -> None:
        if notice.get("channel") == nothing:
            arrived.set()

    def tell() -> None:
        from django.db import connection

        bus.notify("channel", channel=nothing)
        connection.close()

    async def round_trip() -> None:
        await ready.wait()
        await asyncio.to_thread(tell)
        await arrived.wait()

    ends = [asyncio.create_task(hear(heard, ready.set)), asyncio.create_task(round_trip())]
    try:
        finished, _others = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in finished:
            task.result()
    finally:
        for task in ends:
            task.cancel()
        await asyncio.gather(*ends, return_exceptions=True)


def _worker() -> Iterator[Finding]:
    from tertulia.config.health import unapplied, worker_alive

    if unapplied():
        return
    if worker_alive():
        yield Finding("jobs", State.WELL, "A job worker is at work.")
    else:
        yield Finding("jobs", State.DOUBTFUL, "No job worker is at work. `tertulia serve` runs one; is it running?")


def _storage() -> Iterator[Finding]:
    from django.core.files.storage import default_storage

    # Whatever a storage raises is what its operator needs to read.
    try:
        content = secrets.token_bytes(16)
        name = default_storage.save(f"doctor/{secrets.token_hex(8)}", io.BytesIO(content))
        try:
            with default_storage.open(name) as file:
                same = file.read() == content
        finally:
            default_storage.delete(name)
    except Exception as error:  # noqa: BLE001 - see above
        sentence = (
            f"A file cannot be written and read back: {_one_line(error)}. Check TERTULIA_STORAGE_URL and its rights."
        )
        yield Finding("files", State.BROKEN, sentence)
        return
    if same:
        yield Finding("files", State.WELL, "A file can be written and read back.")
    else:
        yield Finding("files", State.BROKEN, "A file read back is not what was written. Check TERTULIA_STORAGE_URL.")


def _mail() -> Iterator[Finding]:
    from django.conf import settings
    from django.core.mail import get_connection

    if "smtp" not in settings.EMAIL_BACKEND:
        sentence = "Mail is not sent, only printed or kept. Set TERTULIA_MAIL_URL to a mail server."
        yield Finding("mail", State.DOUBTFUL, sentence)
        return
    try:
        with get_connection():
            pass
    except Exception as error:  # noqa: BLE001 - whatever the mail library raises is what the operator needs to read
        sentence = f"The mail server cannot be reached: {_one_line(error)}. Check TERTULIA_MAIL_URL."
        yield Finding("mail", State.BROKEN, sentence)
    else:
        yield Finding("mail", State.WELL, f"{settings.EMAIL_HOST} lets us in.")


def _browser_files() -> Iterator[Finding]:
    from django.conf import settings

    folders = [Path(folder) for _prefix, folder in settings.STATICFILES_DIRS]
    missing = [folder for folder in folders if not folder.is_dir()]
    if missing:
        yield Finding("browser", State.BROKEN, f"Files for browsers are missing ({missing[0]}). Run: make setup")
    else:
        yield Finding("browser", State.WELL, "The files for browsers are there.")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
