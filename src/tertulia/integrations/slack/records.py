"""What a Slack export holds, as frozen records: the reader makes them, the importer takes them in.

Field names and meanings follow Slack's own description of an export ("How to read Slack data exports") and of
message events (api.slack.com/events/message). Text is kept as it stands there; `slack.markup` makes it Markdown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the export something stands: a file of the archive and, where known, a line counted from 1."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was not taken (or not as it stood), where it is, and why, in a sentence for people."""

    place: Place
    why: str

    def __str__(self) -> str:
        return f"{self.place}: {self.why}"


@dataclass(frozen=True, slots=True)
class SlackUser:
    """A person or bot of `users.json`. Everything but `id` may be empty."""

    place: Place
    id: str
    name: str = ""
    real_name: str = ""
    display_name: str = ""
    email: str = ""
    title: str = ""
    time_zone: str = ""
    is_bot: bool = False
    is_deleted: bool = False
    is_guest: bool = False

    @property
    def shown_name(self) -> str:
        """The name that people saw in Slack."""
        return self.display_name or self.real_name or self.name or self.id


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """A conversation. `kind`: `public`, `private`, `direct` (of two people) or `group` (direct, of several).

    `folder` holds its days; `pins` are the timestamps of pinned messages with who pinned them and when.
    """

    place: Place
    id: str
    kind: str
    name: str
    folder: str
    created_at: datetime | None = None
    creator: str = ""
    is_archived: bool = False
    is_general: bool = False
    members: tuple[str, ...] = ()
    topic: str = ""
    purpose: str = ""
    pins: tuple[SlackPin, ...] = ()


@dataclass(frozen=True, slots=True)
class SlackPin:
    """A message (`ts`) pinned in its channel."""

    ts: str
    user: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SlackReaction:
    """An emoji, by Slack's name, and the people who put it there."""

    name: str
    users: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class SlackFile:
    """A file shared in a message: what is known of it. Its bytes are not in an export."""

    id: str
    name: str = ""
    title: str = ""
    kind: str = ""
    filetype: str = ""
    mode: str = ""
    size: int = 0
    link: str = ""
    preview: str = ""
    lines_more: int = 0
    comment: str = ""


@dataclass(frozen=True, slots=True)
class SlackField:
    """A titled value in an attachment."""

    title: str
    value: str


@dataclass(frozen=True, slots=True)
class SlackAttachment:
    """What Slack calls a (legacy) attachment: the preview of a link, a quoted message, or what a bot says.

    `is_preview`: Slack made it from a link in the text, so nobody wrote it. `is_quote`: it repeats a message.
    """

    title: str = ""
    title_link: str = ""
    text: str = ""
    pretext: str = ""
    fallback: str = ""
    service_name: str = ""
    author_name: str = ""
    channel_name: str = ""
    image_url: str = ""
    from_url: str = ""
    footer: str = ""
    fields: tuple[SlackField, ...] = ()
    formatted: frozenset[str] = frozenset()
    is_preview: bool = False
    is_quote: bool = False


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """One message. `ts` identifies it in its channel and is its time; `thread_ts` is that of its thread's first.

    Who speaks: `user` (an id), or a bot known by `bot_id` and `bot_name`. `author_name` is what the message itself
    says about a person who may not be in `users.json` (shared channels). `is_change`: it is the new text of a message
    that stands before it. `members`: of a line that says the channel was archived, who was in it.
    """

    place: Place
    ts: str
    at: datetime
    text: str = ""
    subtype: str = ""
    user: str = ""
    author_name: str = ""
    bot_id: str = ""
    bot_name: str = ""
    thread_ts: str = ""
    edited_at: datetime | None = None
    edited_by: str = ""
    inviter: str = ""
    members: tuple[str, ...] = ()
    old_name: str = ""
    new_name: str = ""
    pinned_to: tuple[str, ...] = ()
    reactions: tuple[SlackReaction, ...] = ()
    files: tuple[SlackFile, ...] = ()
    attachments: tuple[SlackAttachment, ...] = ()
    file_comment: str = ""
    is_change: bool = False

    @property
    def is_reply(self) -> bool:
        """Whether it answers in a thread (a thread's first message names itself)."""
        return bool(self.thread_ts) and self.thread_ts != self.ts


@dataclass(frozen=True, slots=True)
class Day:
    """The messages of one file, by time. `size` is the file's size in bytes, for showing progress."""

    file: str
    size: int
    messages: tuple[SlackMessage, ...] = field(default=())
