"""Reading exports in tests: everything that was read, and the problems as sentences."""

from __future__ import annotations

from pathlib import Path

from tertulia.integrations.slack.reader import SlackExport
from tertulia.integrations.slack.records import SlackMessage

from .slack_export import channel, user, write

DAY = "chatter/2024-05-01.json"


def messages(export: SlackExport) -> list[SlackMessage]:
    return [message for channel in export.channels for day in export.days(channel) for message in day.messages]


def read(path: Path) -> tuple[list[SlackMessage], list[str]]:
    with SlackExport(path) as export:
        return messages(export), [str(problem) for problem in export.problems]


def with_day(tmp_path: Path, content: str | bytes) -> Path:
    parts = {"users.json": [user("U1", "ana")], "channels.json": [channel("C1", "chatter")], DAY: content}
    return write(tmp_path / "export.zip", parts)
