"""Reads the demonstration's people and conversations from the text files beside it.

A conversation file:

    = slug | Name | goal
    instructor: handle            (also moderators, mentors, learners; several handles with blanks between)
    group: slug | Name | handles

    == channel
    -12 10:04 maya: what she said, in Markdown        (12 days ago, at 10:04 UTC)

      more of it, two blanks in
      + 👍 ana ben; 🎉 cem                             (reactions)
      > -12 10:20 tom: a reply                         (its own lines are four blanks in)
        + ❤️ maya
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent
_SAID = re.compile(r"^(?P<reply>  > )?-(?P<days>\d+) (?P<hour>\d\d):(?P<minute>\d\d) (?P<by>[\w.-]+): (?P<body>.*)$")


@dataclass(frozen=True)
class Somebody:
    """A person of the demonstration."""

    handle: str
    name: str
    pronouns: str
    time_zone: str
    headline: str
    interests: tuple[str, ...]


@dataclass
class Said:
    """One post, with the replies to it."""

    by: str
    days_ago: int
    hour: int
    minute: int
    body: str
    reactions: list[tuple[str, str]] = field(default_factory=list)
    replies: list[Said] = field(default_factory=list)


@dataclass
class Conversation:
    """One workspace: who is in it as what, its groups, and what was said in which channel."""

    slug: str
    name: str
    goal: str
    roles: dict[str, list[str]] = field(default_factory=dict)
    groups: list[tuple[str, str, list[str]]] = field(default_factory=list)
    channels: dict[str, list[Said]] = field(default_factory=dict)


def people() -> list[Somebody]:
    """Everybody in `people.txt`, in its order."""
    lines = (FOLDER / "people.txt").read_text(encoding="utf-8").splitlines()
    rows = ([part.strip() for part in line.split("|")] for line in lines if line and not line.startswith("#"))
    return [
        Somebody(handle, name, pronouns, zone, headline, tuple(interest.strip() for interest in interests.split(",")))
        for handle, name, pronouns, zone, headline, interests in rows
    ]


def conversations() -> list[Conversation]:
    """Every file in `conversations/`, by name."""
    return [_read(path.read_text(encoding="utf-8")) for path in sorted((FOLDER / "conversations").glob("*.txt"))]


def _read(text: str) -> Conversation:
    head, *sections = re.split(r"^== ", text, flags=re.MULTILINE)
    title, *settings = head.strip().splitlines()
    slug, name, goal = (part.strip() for part in title.removeprefix("= ").split("|"))
    conversation = Conversation(slug, name, goal)
    for line in settings:
        word, _, value = line.partition(": ")
        if word == "group":
            group_slug, group_name, members = (part.strip() for part in value.split("|"))
            conversation.groups.append((group_slug, group_name, members.split()))
        else:
            conversation.roles[word.removesuffix("s")] = value.split()
    for section in sections:
        channel, _, lines = section.partition("\n")
        conversation.channels[channel.strip()] = list(_said(lines))
    return conversation


def _said(text: str) -> Iterator[Said]:
    """Everything said in one channel: first posts, each with its replies."""
    roots: list[Said] = []
    current: Said | None = None
    for line in text.splitlines():
        if match := _SAID.match(line):
            current = _begin(match)
            (roots[-1].replies if match["reply"] else roots).append(current)
        elif current is not None:
            _go_on(current, line, indent="  " if current is roots[-1] else "    ")
    for root in roots:
        for one in (root, *root.replies):
            one.body = one.body.rstrip()
    yield from roots


def _begin(match: re.Match[str]) -> Said:
    days, hour, minute = (int(match[part]) for part in ("days", "hour", "minute"))
    return Said(match["by"], days, hour, minute, match["body"])


def _go_on(current: Said, line: str, indent: str) -> None:
    """One more line of a post: reactions to it, or more of its words."""
    if not line.startswith(f"{indent}+ "):
        current.body += "\n" + line.removeprefix(indent)
        return
    for part in line.strip()[2:].split(";"):
        emoji, *handles = part.split()
        current.reactions += [(emoji, handle) for handle in handles]
