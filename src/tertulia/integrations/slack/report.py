"""What an import did, and what it could not take and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from tertulia.integrations.slack.records import Place, Problem

SHOWN = 200  # problems that are printed; an export of another shape may have thousands


@dataclass(slots=True)
class Report:
    """How many of what (`_counted` says it in words), what was not taken as it stood, and whether it was stopped."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    stopped: bool = False

    def note(self, place: Place, why: str) -> None:
        """Write down something that was not taken, or not as it stood."""
        self.problems.append(Problem(place, why))

    def lines(self) -> Iterator[str]:
        """The report for people, line by line, as plain text."""
        yield _("Stopped. What is in stays in; run the same command again to go on.") if self.stopped else _("Done.")
        for name, words in _counted():
            if self.counts[name]:
                yield f"{self.counts[name]:>8,}  {words}"
        if not self.problems:
            if not self.stopped:
                yield _("Everything in the export was taken.")
            return
        yield ""
        yield _("Not taken, or not as it stood:")
        yield from (f"  {problem}" for problem in self.problems[:SHOWN])
        if len(self.problems) > SHOWN:
            yield _("  … and %(count)d more.") % {"count": len(self.problems) - SHOWN}


def _counted() -> list[tuple[str, str]]:
    return [
        ("messages", _("messages read in the export")),
        ("posts", _("became posts")),
        ("lines", _("became quiet system lines")),
        ("known", _("were here from an earlier run")),
        ("refused", _("were not taken (see below)")),
        ("replies", _("are replies in threads")),
        ("broadcasts", _("of these were shown in the channel too; here they are in their threads only")),
        ("reactions", _("reactions")),
        ("edited", _("edited messages, in their last wording")),
        ("pins", _("pinned messages")),
        ("files", _("shared files, as links: their bytes are not in an export")),
        ("channels", _("channels made")),
        ("private", _("of these are private: whoever imported them is in them too, to look after them")),
        ("channels_known", _("channels were here from an earlier run")),
        ("people_matched", _("people matched by their confirmed e-mail")),
        ("people_made", _("people made as placeholders, who can claim their account")),
        ("people_known", _("people were here from an earlier run")),
        ("bots", _("bots")),
    ]
