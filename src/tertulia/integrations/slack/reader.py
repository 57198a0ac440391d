"""Reads a Slack export (a zip archive): one day's file in memory at a time, nothing unpacked to disk.

The archive is somebody else's: it may be cut off, made to exhaust memory, or hold anything at all. What cannot be
used is named in `problems` (file, line, why) and left out; only a file that is no export is refused as a whole.

Layout (https://slack.com/help/articles/220556107): `users.json`, `channels.json`, perhaps `groups.json`, `dms.json`
and `mpims.json`, and a folder per conversation with a file `YYYY-MM-DD.json` per day; perhaps all in one folder.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self, TypeVar

from django.utils.translation import gettext as _

from tertulia.integrations.slack import parse
from tertulia.integrations.slack.located import read_array
from tertulia.integrations.slack.records import Day, Place, Problem, SlackChannel, SlackMessage, SlackUser
from tertulia.kernel.errors import Invalid

T = TypeVar("T")
R = TypeVar("R", SlackUser, SlackChannel)

MAX_FILE = 256 << 20  # bytes of one file of the archive, unpacked
MAX_TOTAL = 64 << 30  # bytes read from one archive
MAX_RATIO = 200  # JSON packs to a fifth or a tenth, repetitive JSON to a fiftieth; bombs to a thousandth
RATIO_FROM = 1 << 20  # below this size a file can do no harm
LISTS = {"channels.json": "public", "groups.json": "private", "dms.json": "direct", "mpims.json": "group"}
# Lists of an export that hold nothing that people said.
IGNORED = frozenset(
    {
        "canvas_in_the_conversation.json",
        "canvases.json",
        "file_conversations.json",
        "huddle_transcripts.json",
        "integration_logs.json",
        "lists.json",
        "org_users.json",
    }
)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\.json")
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, RuntimeError)


class SlackExport:
    """An open export. Use it in a `with` statement; `problems` grows while it is read."""

    def __init__(self, path: Path) -> None:
        """Open the archive at `path`, and read its people and channels. Raises Invalid with a sentence."""
        self.problems: list[Problem] = []
        self._left = MAX_TOTAL
        try:
            self._archive = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise Invalid(_("There is no file %(path)s.") % {"path": path}, field="path") from None
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            raise Invalid(
                _("%(path)s is not a zip archive, or it is cut off. Slack exports are zip archives; download it again.")
                % {"path": path},
                field="path",
            ) from None
        try:
            self._parts = self._index()
            self._check_is_export(path)
            self.users = self._unique(self._records("users.json", parse.user))
            self.channels = self._unique(record for name in LISTS for record in self._conversations(name))
            self._days = self._folders()
        except BaseException:
            self._archive.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    @property
    def size(self) -> int:
        """Bytes of all days' files, unpacked: what `Day.size` adds up to."""
        return sum(self._parts[name].file_size for names in self._days.values() for name in names)

    def days(self, channel: SlackChannel) -> Iterator[Day]:
        """The days of a conversation in order, each with its messages by time; repeated ones are left out."""
        seen: set[str] = set()
        for name in self._days.get(channel.folder, ()):
            messages: dict[str, SlackMessage] = {}
            for message in self._records(name, parse.message):
                if message.ts in seen and not (message.is_change and message.ts in messages):
                    self._note(message.place, _("It repeats the time of a message before it; it was left out."))
                    continue
                seen.add(message.ts)
                messages[message.ts] = message
            ordered = tuple(sorted(messages.values(), key=_by_time))
            yield Day(name, self._parts[name].file_size, ordered)

    def _note(self, place: Place, why: str) -> None:
        self.problems.append(Problem(place, why))

    def _check_is_export(self, path: Path) -> None:
        if not any(name in self._parts for name in ("users.json", *LISTS)):
            raise Invalid(
                _("%(path)s is not a Slack export: there is neither a users.json nor a channels.json in it.")
                % {"path": path},
                field="path",
            )

    def _conversations(self, name: str) -> Iterator[SlackChannel]:
        return self._records(name, lambda value, place: parse.channel(value, place, LISTS[name]))

    def _index(self) -> dict[str, zipfile.ZipInfo]:
        """The archive's files by name inside the export; names that lead out of it are left out."""
        found: dict[str, zipfile.ZipInfo] = {}
        entries = [entry for entry in self._archive.infolist() if not entry.is_dir()]
        outer = _outer_folder([entry.filename for entry in entries])
        for entry in entries:
            name = entry.filename
            path = PurePosixPath(name)
            if path.parts[:1] == ("__MACOSX",) or path.name == ".DS_Store":
                continue
            if _is_hostile(name):
                shown = Place(ascii(name)[1:-1][:200])
                self._note(shown, _("The name leads out of the archive or is no name; it was not read."))
                continue
            if outer and path.parts[0] != outer:
                self._note(Place(name), _("It lies outside of the export's folder; it was not read."))
                continue
            name = str(path.relative_to(outer)) if outer else str(path)
            if name in found:
                self._note(Place(name), _("The archive holds this file twice; the first was read."))
                continue
            found[name] = entry
        return found

    def _folders(self) -> dict[str, list[str]]:
        """Folder -> names of its days' files in order; anything else in the archive is named."""
        known = {channel.folder for channel in self.channels}
        days: dict[str, list[str]] = defaultdict(list)
        strangers: set[str] = set()
        for name in sorted(self._parts):
            folder, _slash, file = name.rpartition("/")
            if not folder:
                if file != "users.json" and file not in LISTS and file not in IGNORED:
                    self._note(Place(name), _("It is no part of an export that is known; it was not read."))
            elif folder not in known:
                strangers.add(folder)
            elif _DAY.fullmatch(file):
                days[folder].append(name)
            elif file not in IGNORED:
                self._note(Place(name), _("The name is not that of a day, such as 2024-05-31.json; it was not read."))
        for folder in sorted(strangers):
            why = _("No list of channels names this folder, so nobody knows who may see it; it was not read.")
            self._note(Place(f"{folder}/"), why)
        return days

    def _records(self, name: str, build: Callable[[parse.Fields, Place], T]) -> Iterator[T]:
        data = self._read(name)
        if data is None:
            return
        for item in read_array(data, name):
            if isinstance(item, Problem):
                self.problems.append(item)
                continue
            try:
                record = build(item.value, item.place)
            except parse.UnusableError as error:
                self._note(item.place, str(error))
            else:
                yield record

    def _read(self, name: str) -> bytes | None:
        """The bytes of one file of the export; None, and a note, when it cannot or should not be read."""
        entry = self._parts.get(name)
        if entry is None:
            return None
        if entry.file_size > MAX_FILE or (
            entry.file_size > RATIO_FROM and entry.file_size > MAX_RATIO * max(1, entry.compress_size)
        ):
            why = _("Unpacked it would be %(size)d MiB, which no day is; it was not read.")
            self._note(Place(name), why % {"size": entry.file_size >> 20})
            return None
        if entry.file_size > self._left:
            why = _("The archive holds more than %(size)d GiB; this was not read.")
            self._note(Place(name), why % {"size": MAX_TOTAL >> 30})
            return None
        self._left -= entry.file_size
        with suppress(*_BROKEN), self._archive.open(entry) as stream:
            return stream.read(MAX_FILE)
        encrypted = entry.flag_bits & 1
        why = _("It is encrypted; it was not read.") if encrypted else _("It is damaged; it was not read.")
        self._note(Place(name), why)
        return None

    def _unique(self, records: Iterable[R]) -> tuple[R, ...]:
        found: dict[str, R] = {}
        for record in records:
            if found.setdefault(record.id, record) is not record:
                self._note(record.place, _("%(id)s is listed twice; the first was taken.") % {"id": record.id})
        return tuple(found.values())


def _by_time(message: SlackMessage) -> tuple[datetime, str]:
    return message.at, message.ts


def _is_hostile(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0] or not name.isprintable()


def _outer_folder(names: list[str]) -> str:
    """The one folder that everything lies in, as archives made by hand have it; empty when there is none."""
    lists = {"users.json", *LISTS}
    paths = [PurePosixPath(name) for name in names]
    if any(str(path) in lists for path in paths):
        return ""
    outer = {str(path.parent) for path in paths if path.name in lists and "/" not in str(path.parent)}
    return outer.pop() if len(outer) == 1 else ""
