"""Template tags of enrolments' pages."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from tertulia.enrolments import words
from tertulia.enrolments.records import Mode, Outcome

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
