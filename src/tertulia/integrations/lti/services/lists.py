"""Another list of the workspace says who is in a course: what its launches and its roster gave ends."""

from __future__ import annotations

from django.utils.translation import ngettext

from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Enrolment
from tertulia.enrolments.records import MOST_PEOPLE, Entry, Mode, Outcome
from tertulia.integrations.lti.models import Context, Runner
from tertulia.kernel.errors import Conflict


def hand_over(*, context: Context, confirmed: bool) -> None:
    """End what the course itself gave to everybody but those who run it; whom the other list has, stay.

    Raises Conflict `too-many-leaving` if anybody would leave and it is not `confirmed`.
    """
    if context.source is None:
        return
    running = Runner.objects.filter(context=context).values("person")
    lines = Enrolment.objects.filter(source=context.source, active=True).exclude(person__in=running)
    keys = list(lines.order_by("pk").values_list("external_id", flat=True))
    pieces = [keys[start : start + MOST_PEOPLE] for start in range(0, len(keys), MOST_PEOPLE)]
    leaving = 0
    for is_rehearsal in (True, False):
        for piece in pieces:
            people = [Entry(external_id=key, active=False) for key in piece]
            report = enrolments.enrol(source=context.source, people=people, mode=Mode.MERGE, dry_run=is_rehearsal)
            leaving += report.counts[Outcome.LEFT] if is_rehearsal else 0
        if leaving and not confirmed:
            raise Conflict(
                ngettext(
                    "%(count)d person is here by this course alone, and would leave. Nothing has been changed."
                    " See that the other list has them, or save it all the same.",
                    "%(count)d people are here by this course alone, and would leave. Nothing has been changed."
                    " See that the other list has them, or save it all the same.",
                    leaving,
                )
                % {"count": leaving},
                type="too-many-leaving",
            )
