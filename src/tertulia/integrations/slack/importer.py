"""Taking a Slack export in: people, then channels, then what was said, batch by batch.

Each batch - its posts, reactions, pins and their rows in the ledger - is one transaction, so that stopping anywhere and
running again neither loses nor doubles anything.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction
from django.utils.translation import gettext as _

from tertulia.integrations.ledger import Ledger
from tertulia.integrations.slack.batches import Taker
from tertulia.integrations.slack.channels import Channels
from tertulia.integrations.slack.people import People
from tertulia.integrations.slack.progress import Quiet, Shows, Stop
from tertulia.integrations.slack.reader import SlackExport
from tertulia.integrations.slack.records import SlackChannel, SlackMessage
from tertulia.integrations.slack.report import Report
from tertulia.kernel import audit, bus
from tertulia.kernel.errors import Conflict
from tertulia.people.models import Person
from tertulia.workspaces import access
from tertulia.workspaces.access import Permission
from tertulia.workspaces.models import Workspace

BATCH = 500
_NEEDED = (
    Permission.MANAGE_MEMBERS,
    Permission.CREATE_CHANNEL,
    Permission.CREATE_PRIVATE_CHANNEL,
    Permission.MANAGE_CHANNELS,
)


def import_slack(*, actor: Person, workspace: Workspace, path: Path, progress: Shows | None = None) -> Report:
    """Take the export at `path` into `workspace`, or go on where an earlier run stopped.

    Ctrl-C stops after the batch at hand (`Report.stopped`). Raises NotFound and Forbidden for those who may not,
    Invalid for what is no export, Conflict while another import into the workspace runs or it is archived.
    """
    place = access.workspace_by_id(actor, workspace.pk)
    for permission in _NEEDED:
        access.check(place, permission)
    access.check_open(place.workspace)
    with _alone(workspace), SlackExport(path) as export, Stop() as stop:
        report = Report()
        _run(export, actor=actor, workspace=place.workspace, report=report, progress=progress or Quiet(), stop=stop)
        report.problems[:0] = export.problems
        with transaction.atomic():
            audit.record(
                actor=actor,
                verb="imported from Slack",
                object_kind="workspace",
                object_id=workspace.pk,
                workspace_id=workspace.pk,
                after={**report.counts, "stopped": report.stopped},
            )
            bus.notify("workspace", workspace=workspace.pk)
    return report


def _run(
    export: SlackExport, *, actor: Person, workspace: Workspace, report: Report, progress: Shows, stop: Stop
) -> None:
    progress.begin(export.size)
    ledger = Ledger(workspace, "slack")
    people = People(actor=actor, ledger=ledger, report=report)
    progress.at(_("People"))
    people.take(export.users, stop=stop)
    report.stopped = stop.asked
    if report.stopped:
        return
    channels = Channels(actor=actor, ledger=ledger, people=people, report=report)
    channels.take(export.channels)
    for channel in export.channels:
        row = channels.by_id(channel.id)
        if row is None:
            continue
        progress.at(channel.name)
        channels.seat(channel, channel.members)
        taker = Taker(channel=channel, row=row, ledger=ledger, people=people, channels=channels, report=report)
        for batch, size in _batches(export, channel):
            report.stopped = stop.asked
            if report.stopped:
                return
            taker.take(batch)
            progress.advance(size)
        if not channel.members:  # Slack empties an archived channel, and says who was in it when it was archived
            channels.seat(channel, taker.members_at_end)


def _batches(export: SlackExport, channel: SlackChannel) -> Iterator[tuple[Sequence[SlackMessage], int]]:
    """The channel's messages in batches, each with how much of the export (in bytes) is done with it."""
    waiting: list[SlackMessage] = []
    size = 0
    for day in export.days(channel):
        waiting += day.messages
        size += day.size
        while len(waiting) >= BATCH:
            yield waiting[:BATCH], size
            del waiting[:BATCH]
            size = 0
    if waiting or size:
        yield waiting, size


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    """Keeps two imports into one workspace from running at once; the lock ends with the connection at the latest."""
    key = _key(workspace)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        if cursor.fetchone() != (True,):
            raise Conflict(_("An import into this workspace is running. Wait until it is done."), type="busy")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def _key(workspace: Workspace) -> int:
    return uuid.uuid5(workspace.pk, "import").int & (2**63 - 1)
