"""Outcomes and counts in words."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext_lazy

from tertulia.enrolments.records import Outcome

OUTCOMES: Mapping[Outcome, Promise] = {
    Outcome.CREATED: gettext_lazy("new account"),
    Outcome.ADDED: gettext_lazy("came in"),
    Outcome.CHANGED: gettext_lazy("changed"),
    Outcome.UNCHANGED: gettext_lazy("as before"),
    Outcome.LEFT: gettext_lazy("left"),
    Outcome.KEPT: gettext_lazy("left, but stays"),
    Outcome.REFUSED: gettext_lazy("refused"),
}
_COUNTED: Mapping[Outcome, Promise] = {
    Outcome.CREATED: ngettext_lazy("%(n)d new account", "%(n)d new accounts", "n"),
    Outcome.ADDED: ngettext_lazy("%(n)d came in", "%(n)d came in", "n"),
    Outcome.CHANGED: ngettext_lazy("%(n)d changed", "%(n)d changed", "n"),
    Outcome.UNCHANGED: ngettext_lazy("%(n)d as before", "%(n)d as before", "n"),
    Outcome.LEFT: ngettext_lazy("%(n)d left", "%(n)d left", "n"),
    Outcome.KEPT: ngettext_lazy("%(n)d left, but stays", "%(n)d left, but stay", "n"),
    Outcome.REFUSED: ngettext_lazy("%(n)d refused", "%(n)d refused", "n"),
}


def counted(counts: Mapping[str, int]) -> str:
    """How many people had each outcome: “34 new accounts, 2 left”."""
    parts = [str(words % {"n": counts[outcome]}) for outcome, words in _COUNTED.items() if counts.get(outcome)]
    return ", ".join(parts) or str(gettext_lazy("nobody"))
