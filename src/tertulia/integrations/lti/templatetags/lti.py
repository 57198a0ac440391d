"""Template tags of LTI's pages."""

from __future__ import annotations

from django import template

from tertulia.integrations.lti import words
from tertulia.integrations.lti.models import RosterFetch

register = template.Library()


@register.filter
def how_it_went(fetch: RosterFetch) -> str:
    """What a fetching that is done has brought."""
    return words.went(fetch)
