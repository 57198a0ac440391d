"""From the JSON objects of an export to records: every field is checked, since an export may hold anything.

A field that must be there and is not (or is of another type) raises `UnusableError` with a sentence.
A field that may be missing and is of another type counts as missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.utils.translation import gettext as _

from tertulia.integrations.slack import blocks
from tertulia.integrations.slack.located import storable
from tertulia.integrations.slack.records import (
    Place,
    SlackAttachment,
    SlackChannel,
    SlackField,
    SlackFile,
    SlackMessage,
    SlackPin,
    SlackReaction,
    SlackUser,
)

Fields = Mapping[str, object]

# Seconds since 1970 and, after the point, a number that makes it unique in its channel.
_TS = re.compile(r"(\d{9,11})(?:\.(\d{1,6}))?")
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_FILE_TEXT = re.compile(
    r"^<@\w+(?:\|[^>]*)?> (?:uploaded|shared) a file: <[^>]*>(?: and commented: (?P<comment>.*))?$", re.DOTALL
)
# Quotations of a message are told from previews of a link by these.
_QUOTES = ("is_msg_unfurl", "is_share", "is_thread_root_unfurl")


class UnusableError(Exception):
    """The record cannot be taken; the message says why."""


def moment(ts: str) -> datetime:
    """The time of a Slack timestamp such as `1433562832.000005`, in UTC. Raises UnusableError."""
    found = _TS.fullmatch(ts)
    if not found:
        raise UnusableError(_("The time “%(ts)s” is not one.") % {"ts": ts[:40]})
    at = datetime.fromtimestamp(int(found[1]), UTC).replace(microsecond=int((found[2] or "0").ljust(6, "0")))
    if at >= _LATEST:
        raise UnusableError(_("The time “%(ts)s” is too far in the future.") % {"ts": ts[:40]})
    return at


def user(value: Fields, place: Place) -> SlackUser:
    """A row of `users.json`. Raises UnusableError without an id."""
    profile = _object(value, "profile")
    return SlackUser(
        place=place,
        id=_required(value, "id"),
        name=_text(value, "name"),
        real_name=_text(profile, "real_name") or _text(value, "real_name"),
        display_name=_text(profile, "display_name"),
        email=_text(profile, "email").strip(),
        title=_text(profile, "title"),
        time_zone=_text(value, "tz"),
        is_bot=value.get("is_bot") is True or _text(value, "id") == "USLACKBOT",
        is_deleted=value.get("deleted") is True,
        is_guest=value.get("is_restricted") is True or value.get("is_ultra_restricted") is True,
    )


def channel(value: Fields, place: Place, kind: str) -> SlackChannel:
    """A row of `channels.json`, `groups.json`, `dms.json` or `mpims.json`. Raises UnusableError without id and name."""
    identity = _required(value, "id")
    name = _text(value, "name") or _text(value, "name_normalized")
    if not name and kind != "direct":
        raise UnusableError(_("The channel %(id)s has no name.") % {"id": identity})
    return SlackChannel(
        place=place,
        id=identity,
        kind=kind,
        name=name,
        folder=identity if kind == "direct" else name,
        created_at=_moment_or_none(value.get("created")),
        creator=_text(value, "creator"),
        is_archived=value.get("is_archived") is True,
        is_general=value.get("is_general") is True,
        members=_texts(value, "members"),
        topic=_text(_object(value, "topic"), "value"),
        purpose=_text(_object(value, "purpose"), "value"),
        pins=tuple(
            SlackPin(ts=_text(pin, "id"), user=_text(pin, "user"), at=_moment_or_none(pin.get("created")))
            for pin in _objects(value, "pins")
            if _TS.fullmatch(_text(pin, "id"))
        ),
    )


def message(value: Fields, place: Place) -> SlackMessage:
    """A message of a day's file. Raises UnusableError without a time, or when it is no message."""
    if _text(value, "type") not in ("", "message"):
        raise UnusableError(_("It is a “%(type)s”, not a message.") % {"type": _text(value, "type")[:40]})
    subtype = _text(value, "subtype")
    if subtype in ("message_deleted", "message_replied"):
        raise UnusableError(_("It only says that another message was deleted or answered."))
    if subtype == "message_changed":
        inner = _object(value, "message")
        if _text(inner, "subtype") == subtype:
            raise UnusableError(_("It is a change of a change."))
        return replace(message(inner, place), is_change=True)
    ts = _required(value, "ts")
    profile, bot, comment = _object(value, "user_profile"), _object(value, "bot_profile"), _object(value, "comment")
    edited = _object(value, "edited")
    files = tuple(_file(item) for item in [*_objects(value, "files"), *_one(value, "file")])
    text = _text(value, "text") or blocks.text_of(value.get("blocks"))
    if subtype == "file_share" and (shared := _FILE_TEXT.match(text)):
        text = shared["comment"] or next((file.comment for file in files if file.comment), "")
    reactions = [*_objects(value, "reactions")]
    if subtype == "file_share":  # older exports put a shared file's reactions on the file
        reactions += [item for file in _one(value, "file") for item in _objects(file, "reactions")]
    return SlackMessage(
        place=place,
        ts=ts,
        at=moment(ts),
        text=text,
        subtype=subtype,
        user=_text(value, "user") or _text(comment, "user"),
        author_name=_text(profile, "display_name") or _text(profile, "real_name") or _text(profile, "name"),
        bot_id=_text(value, "bot_id"),
        bot_name=_text(bot, "name") or _username(value),
        thread_ts=_thread(value),
        edited_at=_moment_or_none(edited.get("ts")),
        edited_by=_text(edited, "user"),
        inviter=_text(value, "inviter"),
        members=_texts(value, "members"),
        old_name=_text(value, "old_name"),
        new_name=_text(value, "name"),
        pinned_to=_texts(value, "pinned_to"),
        reactions=_merged(reactions),
        files=files,
        attachments=tuple(_attachment(item) for item in _objects(value, "attachments")),
        file_comment=_text(comment, "comment"),
    )


def without_secrets(link: str) -> str:
    """`link` without Slack's download tokens (`t=xoxe-…`), which let anybody fetch the workspace's files."""
    parts = urlsplit(link)
    if "xox" not in parts.query:
        return link
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, content) for name, content in pairs if "xox" not in content]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def _file(value: Fields) -> SlackFile:
    external = value.get("is_external") is True
    links = ("url_private", "permalink") if external else ("permalink", "permalink_public", "url_private")
    found = (_text(value, name) for name in links)
    link = next((text for text in found if text.startswith(("https://", "http://"))), "")
    size, more = value.get("size"), value.get("lines_more")
    return SlackFile(
        id=_text(value, "id"),
        name=_text(value, "name"),
        title=_text(value, "title"),
        kind=_text(value, "pretty_type"),
        filetype=_text(value, "filetype"),
        mode=_text(value, "mode"),
        size=size if isinstance(size, int) and 0 < size < 1 << 50 else 0,
        link=without_secrets(link),
        preview=_text(value, "preview"),
        lines_more=more if isinstance(more, int) and 0 < more < 1 << 30 else 0,
        comment=_text(_object(value, "initial_comment"), "comment"),
    )


def _attachment(value: Fields) -> SlackAttachment:
    return SlackAttachment(
        title=_text(value, "title"),
        title_link=_text(value, "title_link"),
        text=_text(value, "text") or blocks.text_of(value.get("blocks")),
        pretext=_text(value, "pretext"),
        fallback=_text(value, "fallback"),
        service_name=_text(value, "service_name"),
        author_name=_text(value, "author_name"),
        channel_name=_text(value, "channel_name"),
        image_url=_text(value, "image_url"),
        from_url=_text(value, "from_url") or _text(value, "original_url"),
        footer=_text(value, "footer"),
        fields=tuple(SlackField(_text(row, "title"), _text(row, "value")) for row in _objects(value, "fields")),
        formatted=frozenset(_texts(value, "mrkdwn_in")),
        is_preview=bool(_text(value, "from_url") or _text(value, "original_url")),
        is_quote=any(value.get(name) is True for name in _QUOTES),
    )


def _username(value: Fields) -> str:
    name = _text(value, "username")
    return "" if name.startswith("<@") else name  # on shared files it repeats the person


def _thread(value: Fields) -> str:
    ts = _text(value, "thread_ts")
    return ts if _TS.fullmatch(ts) else ""


def _merged(reactions: list[Fields]) -> tuple[SlackReaction, ...]:
    people: dict[str, dict[str, None]] = {}
    counts: dict[str, int] = {}
    for item in reactions:
        name = _text(item, "name")
        if not name:
            continue
        given = people.setdefault(name, {})
        given.update(dict.fromkeys(_texts(item, "users")))
        count = item.get("count")
        counts[name] = max(counts.get(name, 0), count if isinstance(count, int) else 0, len(given))
    return tuple(SlackReaction(name, tuple(users), counts[name]) for name, users in people.items())


def _required(value: Fields, name: str) -> str:
    found = _text(value, name)
    if not found:
        raise UnusableError(_("“%(name)s” is missing or is not text.") % {"name": name})
    return found


def _text(value: Fields, name: str) -> str:
    found = value.get(name)
    return storable(found) if isinstance(found, str) else ""


def _texts(value: Fields, name: str) -> tuple[str, ...]:
    found = value.get(name)
    return tuple(storable(item) for item in found if isinstance(item, str)) if isinstance(found, list) else ()


def _object(value: Fields, name: str) -> Fields:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _one(value: Fields, name: str) -> Iterator[Fields]:
    found = value.get(name)
    if isinstance(found, dict):
        yield found


def _objects(value: Fields, name: str) -> Iterator[Fields]:
    found = value.get(name)
    if isinstance(found, list):
        yield from (item for item in found if isinstance(item, dict))


def _moment_or_none(value: object) -> datetime | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    try:
        return moment(value)
    except UnusableError:
        return None
