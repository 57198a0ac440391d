"""A workspace with an owner, a member and an outsider, and what tests of imports ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tertulia.integrations.slack.importer import import_slack
from tertulia.integrations.slack.report import Report
from tertulia.people.models import Person
from tertulia.posts.models import Post
from tertulia.workspaces.models import Workspace

from .slack_export import Record, message

FIRST = datetime(2024, 5, 1, 8, 0, 0, 100, tzinfo=UTC)
"""The time of `said(0)`."""


@dataclass(frozen=True)
class World:
    owner: Person
    member: Person
    outsider: Person
    workspace: Workspace


def take(world: World, path: Path) -> Report:
    """Import as the owner."""
    return import_slack(actor=world.owner, workspace=world.workspace, path=path)


def posts(slug: str = "chatter") -> list[Post]:
    return list(Post.objects.filter(channel__slug=slug).select_related("author").order_by("seq"))


def problems(report: Report) -> list[str]:
    return [str(problem) for problem in report.problems]


def said(number: int, person: str = "U1", text: str = "", **more: Any) -> Record:
    """A message `number` seconds after the first."""
    return message(f"{1714550400 + number}.000100", person, text or f"m{number}", **more)
