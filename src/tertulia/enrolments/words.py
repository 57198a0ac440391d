"""Outcomes and counts in words."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, ngettext, ngettext_lazy

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


WOULD: Mapping[Outcome, Promise] = {
    **OUTCOMES,
    Outcome.ADDED: gettext_lazy("come in"),
    Outcome.CHANGED: gettext_lazy("members who get more or less"),
    Outcome.LEFT: gettext_lazy("leave"),
    Outcome.KEPT: gettext_lazy("leave, but stay"),
}
"""Outcomes of what has not happened yet."""


def would(counts: Mapping[str, int], waiting: int = 0, here: int = 0) -> str:
    """What a rule would do: “This would add 34, remove 2.” `waiting`: how many have no account yet; `here`: how many
    of those who change only count as the rule's, too.
    """
    came = counts[Outcome.CREATED] + counts[Outcome.ADDED]
    parts = [
        gettext("add %(n)d") % {"n": came},
        gettext("remove %(n)d") % {"n": counts[Outcome.LEFT]},
    ]
    if counts[Outcome.CHANGED] > here:
        parts.append(gettext("change %(n)d") % {"n": counts[Outcome.CHANGED] - here})
    if here:
        parts.append(gettext("leave %(n)d members as they are") % {"n": here})
    if counts[Outcome.KEPT]:
        parts.append(gettext("let go of %(n)d who stay") % {"n": counts[Outcome.KEPT]})
    if counts[Outcome.REFUSED]:
        parts.append(gettext("refuse %(n)d") % {"n": counts[Outcome.REFUSED]})
    if waiting:
        parts.append(ngettext("wait for %(n)d", "wait for %(n)d", waiting) % {"n": waiting})
    return gettext("This would %(what)s.") % {"what": ", ".join(parts)}
