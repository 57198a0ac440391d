"""Filters (RFC 7644, section 3.4.2.2) as queries: `eq` on what identifies somebody, joined by `and` and `or`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from scim2_models import InvalidFilterException, ScimFilter
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator

from tertulia.integrations.scim.errors import Malformed

LONGEST = 1000
MOST_TERMS = 20
Term = Callable[[Any], Q]
NOBODY = Q(pk__in=[])


def _id(value: Any) -> Q:
    try:
        return Q(pk=uuid.UUID(str(value)))
    except ValueError:
        return NOBODY


def _external_id(value: Any) -> Q:
    return Q(external_id=str(value)) if value else NOBODY


def _email(value: Any) -> Q:
    return Q(emails__contains=[str(value).strip().lower()])


def _active(value: Any) -> Q:
    return Q(enrolment__active=value) if isinstance(value, bool) else NOBODY


USERS: Mapping[str, Term] = {
    "id": _id,
    "username": lambda value: Q(user_name__iexact=str(value)),
    "externalid": _external_id,
    "emails": _email,
    "emails.value": _email,
    "active": _active,
}
GROUPS: Mapping[str, Term] = {
    "id": _id,
    "displayname": lambda value: Q(name__iexact=str(value)),
    "externalid": _external_id,
}


def query(text: str, terms: Mapping[str, Term]) -> Q:
    """What a filter means for our rows. Raises Malformed (`invalidFilter`) for what it cannot mean here."""
    if len(text) > LONGEST:
        raise _refusal(_("This filter is too long: %(most)s characters are the most.") % {"most": LONGEST})
    try:
        node = ScimFilter(text).ast
    except (InvalidFilterException, ValueError, RecursionError) as error:
        raise _refusal(_("This filter is not understood.")) from error
    return _join(node, terms, [MOST_TERMS])


def _join(node: FilterNode, terms: Mapping[str, Term], left: list[int]) -> Q:
    if isinstance(node, LogicalExpr):
        parts = [_join(term, terms, left) for term in node.terms]
        joined = parts[0]
        for part in parts[1:]:
            joined = joined & part if node.op is LogicalOperator.and_ else joined | part
        return joined
    left[0] -= 1
    if left[0] < 0:
        raise _refusal(_("This filter is too long: %(most)s comparisons are the most.") % {"most": MOST_TERMS})
    if isinstance(node, Comparison) and node.op is CompareOperator.eq:
        path = node.attr_path
        term = terms.get(f"{path.attr}.{path.sub_attr}".lower() if path.sub_attr else path.attr.lower())
        if term is not None:
            return term(node.value)
    raise _refusal(
        _("Only “eq” on %(names)s, joined by “and” and “or”, can be asked for.") % {"names": ", ".join(sorted(terms))}
    )


def _refusal(detail: str) -> Malformed:
    return Malformed(detail, type="invalidFilter")
