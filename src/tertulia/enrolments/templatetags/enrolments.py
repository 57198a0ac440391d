"""Template tags of enrolments' pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django import template

from tertulia.enrolments import queries, words
from tertulia.enrolments.models import KnownValue
from tertulia.enrolments.records import Line, Mode, Outcome, Preview
from tertulia.workspaces.access import Place

register = template.Library()


@register.filter
def counted(counts: Mapping[str, int]) -> str:
    """How many people had each outcome."""
    return words.counted(counts)


@register.filter
def outcome_label(outcome: str) -> str:
    """An outcome in words."""
    return str(words.OUTCOMES[Outcome(outcome)])


@register.filter
def is_whole(mode: str) -> bool:
    """Whether a list of this mode names everybody."""
    return mode == Mode.MIRROR


@register.filter
def values_of(values: Mapping[str, Sequence[KnownValue]], key: str) -> Sequence[KnownValue]:
    """The values that are offered for a key."""
    return values.get(key, ())


@register.filter
def would(preview: Preview) -> str:
    """What a rule would do in one line: “This would add 34, remove 2, change 5.”"""
    return words.would(preview.counts, preview.waiting, preview.here)


@register.filter
def parts(preview: Preview) -> list[tuple[str, Sequence[Line], int]]:
    """The outcomes that a preview names people for, in words, with how many it does not name."""
    return [
        (
            str(words.WOULD[outcome]),
            preview.lines[outcome.value],
            _count(preview, outcome) - len(preview.lines[outcome.value]),
        )
        for outcome in Outcome
        if preview.lines.get(outcome.value)
    ]


def _count(preview: Preview, outcome: Outcome) -> int:
    return preview.counts[outcome.value] - (preview.here if outcome is Outcome.CHANGED else 0)


@register.simple_tag
def open_questions(place: Place) -> int:
    """How many questions of the workspace the reader has neither answered nor passed over. One query."""
    if place.is_archived:
        return 0
    _all, waiting = queries.unanswered(place.workspace.pk, place.membership.person_id)
    return waiting


@register.simple_tag
def has_questions(place: Place) -> bool:
    """Whether the workspace asks its members anything. One query."""
    return queries.has_questions(place.workspace)
