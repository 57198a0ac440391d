"""`tertulia import slack`: on whose behalf, the bar, the report; the sentences of a report."""

from __future__ import annotations

import io
import signal
import threading
from pathlib import Path

import pytest
from django.conf import settings
from rich.console import Console

from tertulia.integrations.slack import import_export
from tertulia.integrations.slack.progress import Stop
from tertulia.integrations.slack.records import Place
from tertulia.integrations.slack.report import SHOWN, Report
from tertulia.kernel.errors import Invalid
from tertulia.kernel.models import AuditEntry
from tertulia.people.services import create_person
from tertulia.workspaces.services import create_workspace

from .slack_export import message, small


@pytest.mark.django_db
def test_the_command_imports_for_the_first_owner_and_prints_the_report(tmp_path: Path) -> None:
    owner = create_person(email="olga@example.org", display_name="Olga", verified=True, is_owner=True)
    create_workspace(actor=owner, slug="art", name="Art", template="blank")
    path = small(tmp_path / "e.zip", d2024_05_01=[message("1714550400.000100", "U1", "hi"), {"text": "no time"}])
    shown = io.StringIO()
    import_export(path, workspace="ART", console=Console(file=shown, width=200))
    assert AuditEntry.objects.get(verb="imported from Slack").actor == owner
    lines = [line.rstrip() for line in shown.getvalue().splitlines()]
    assert lines[-6:] == [
        "       1  channels made",
        "       2  people made as placeholders, who can claim their account",
        "",
        "Not taken, or not as it stood:",
        "  chatter/2024-05-01.json:8: “ts” is missing or is not text.",
        f"{settings.BASE_URL}/w/art/channels",
    ]


@pytest.mark.django_db
def test_without_a_workspace_the_command_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="tertulia workspace create nowhere"):
        import_export(tmp_path / "e.zip", workspace="nowhere", console=Console(file=io.StringIO()))


def test_a_report_shows_some_problems_and_counts_the_others() -> None:
    report = Report()
    for line in range(SHOWN + 3):
        report.note(Place("a.json", line), "Why.")
    lines = list(report.lines())
    assert lines[:2] == ["Done.", ""]
    assert lines[3] == "  a.json:0: Why."
    assert lines[-1] == "  … and 3 more."


def test_a_report_of_everything() -> None:
    assert list(Report().lines()) == ["Done.", "Everything in the export was taken."]
    assert list(Report(stopped=True).lines()) == ["Stopped. What is in stays in; run the same command again to go on."]


def test_the_second_ctrl_c_ends_the_program() -> None:
    with Stop() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_in_a_thread_ctrl_c_stays_as_it_is() -> None:
    # Only the main thread may handle signals; an import started elsewhere just cannot be stopped this way.
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def work() -> None:
        with Stop() as stop:
            seen.extend((signal.getsignal(signal.SIGINT), stop.asked))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before, False]
