"""`tertulia import slack`: finds the workspace and who acts for it, shows progress, prints the report."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _
from rich.console import Console

from tertulia.integrations.slack.importer import import_slack
from tertulia.integrations.slack.progress import Bar
from tertulia.integrations.slack.report import Report
from tertulia.kernel.errors import Invalid
from tertulia.workspaces.models import Membership, Role


def import_export(export: Path, *, workspace: str, console: Console) -> Report:
    """Take `export` into the workspace at `workspace` (its slug), on behalf of its first owner.

    Raises Invalid where there is no such workspace, and as `import_slack` does.
    """
    owners = Membership.objects.select_related("workspace", "person").filter(
        workspace__slug=workspace.lower(), role=Role.OWNER, person__is_active=True
    )
    owner = owners.order_by("joined_at", "pk").first()
    if owner is None:
        raise Invalid(
            _("There is no workspace %(slug)s with an owner. Make it first: tertulia workspace create %(slug)s")
            % {"slug": workspace},
            field="workspace",
        )
    with Bar(console) as bar:
        report = import_slack(actor=owner.person, workspace=owner.workspace, path=export, progress=bar)
    for line in report.lines():
        console.print(line, markup=False, highlight=False)
    console.print(f"{settings.BASE_URL}/w/{owner.workspace.slug}/channels", markup=False, highlight=False)
    return report
