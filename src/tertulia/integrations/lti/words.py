"""How fetchings of rosters went, in words."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from tertulia.enrolments.words import counted
from tertulia.integrations.lti.models import RosterFetch

TOLD: Mapping[str, Promise] = {
    "new": ngettext_lazy("%(n)d new", "%(n)d new", "n"),
    "changed": ngettext_lazy("%(n)d changed", "%(n)d changed", "n"),
    "gone": ngettext_lazy("%(n)d gone", "%(n)d gone", "n"),
    "unchanged": ngettext_lazy("%(n)d as before", "%(n)d as before", "n"),
    "waiting": ngettext_lazy("%(n)d without an account here yet", "%(n)d without an account here yet", "n"),
}
"""What rules were told by a roster that was fetched for them alone."""


def went(fetch: RosterFetch) -> str:
    """What a fetching that is done has brought: “34 new accounts, 2 left”; of one for rules, what they were told."""
    if "waiting" not in fetch.counts:
        return counted(fetch.counts)
    parts = [str(words % {"n": fetch.counts[name]}) for name, words in TOLD.items() if fetch.counts[name]]
    return _("Told to rules: %(what)s") % {"what": ", ".join(parts)}
