"""What a launch says of the platform's gradebook (Assignment and Grade Services 2.0, 3.1), and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from tertulia.integrations.lti import checking

CLAIM = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"
LINE_ITEM = f"{_SCOPE}lineitem"
LINE_ITEM_READONLY = f"{_SCOPE}lineitem.readonly"
SCORE = f"{_SCOPE}score"
SCOPES = (LINE_ITEM, LINE_ITEM_READONLY, SCORE)
"""What we have a use for, and so ask for. `result.readonly` is none of it: what was sent is known here."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What we may do with the gradebook: `line_items` is the address of its columns, `line_item` that of one."""

    scopes: frozenset[str] = frozenset()
    line_items: str = ""
    line_item: str = ""

    @property
    def may_score(self) -> bool:
        """Whether scores may be sent."""
        return SCORE in self.scopes

    @property
    def may_make(self) -> bool:
        """Whether a column may be made."""
        return self.may_score and LINE_ITEM in self.scopes and bool(self.line_items)

    @property
    def may_look(self) -> bool:
        """Whether columns may be read."""
        return bool(self.scopes & {LINE_ITEM, LINE_ITEM_READONLY})

    @property
    def why_not(self) -> str:
        """What is missing for any grade at all, as a sentence for who runs the course; empty if nothing is."""
        if not self.scopes and not self.line_items and not self.line_item:
            return _(
                "The learning platform has not offered its gradebook so far. Its administrator allows it (“Assignment"
                " and Grade Services”) in the settings of the tool; then open Tertulia from the course once."
            )
        if not self.may_score:
            return _(
                "The learning platform does not let Tertulia send scores. Its administrator allows the scope %(scope)s"
                " in the settings of the tool; then open Tertulia from the course once."
            ) % {"scope": SCORE}
        if not self.line_item and not self.may_make:
            return self.why_no_column
        return ""

    @property
    def why_no_column(self) -> str:
        """Why no new column can be made, as a sentence; empty if one can."""
        if self.may_make:
            return ""
        return _(
            "The learning platform does not let Tertulia make columns in its gradebook: the scope %(scope)s is not"
            " allowed. Without it, use an activity of the course that has a grade of its own."
        ) % {"scope": LINE_ITEM}


def claimed(claims: Mapping[str, Any]) -> dict[str, Any] | None:
    """The offer in a launch, as it is stored; None if the launch says nothing of a gradebook."""
    said = claims.get(CLAIM)
    if not isinstance(said, dict):
        return None
    scopes = said.get("scope")
    named = {scope for scope in scopes if isinstance(scope, str)} if isinstance(scopes, list) else set()
    return {
        "scopes": [scope for scope in SCOPES if scope in named],
        "line_items": checking.web_address(said.get("lineitems")),
        "line_item": checking.web_address(said.get("lineitem")),
    }


def offer(stored: Mapping[str, Any]) -> Offer:
    """The offer that was stored."""
    return Offer(
        scopes=frozenset(stored.get("scopes", ())),
        line_items=str(stored.get("line_items", "")),
        line_item=str(stored.get("line_item", "")),
    )
