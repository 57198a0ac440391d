"""Template tags of workspaces' pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tertulia.kernel.models import AuditEntry
from tertulia.people.models import Person
from tertulia.workspaces import invitation_secrets, queries
from tertulia.workspaces.access import Place
from tertulia.workspaces.log_lines import sentence
from tertulia.workspaces.models import Invitation, Role

register = template.Library()


@register.simple_tag(takes_context=True)
def my_places(context: template.Context) -> list[Place]:
    """The reader's workspaces; none for visitors. One query, remembered for the request."""
    request: Any = context.get("request")
    reader = getattr(request, "user", None)
    if not isinstance(reader, Person):
        return []
    kept: list[Place] | None = getattr(request, "_my_places", None)
    if kept is None:
        kept = queries.workspaces_of(reader)
        request._my_places = kept  # noqa: SLF001 - our own mark on the request
    return kept


@register.simple_tag(takes_context=True)
def with_cursor(context: template.Context, cursor: str) -> str:
    """This page's address with another place in its list."""
    query = context["request"].GET.copy()
    query["cursor"] = cursor
    return f"?{query.urlencode()}"


@register.simple_tag
def workspace_styles() -> SafeString:
    """The few rules that only these pages need."""
    return format_html('<link rel="stylesheet" href="{}">', static("workspaces/css/workspaces.css"))


@register.filter
def role_label(role: Any) -> str:
    """A role in words."""
    return str(Role(role).label)


@register.filter
def why_not(invitation: Invitation) -> str:
    """Why an invitation no longer works, or ''."""
    return invitation_secrets.why_not(invitation)


@register.filter
def log_line(entry: AuditEntry) -> str:
    """One entry of the log as a sentence."""
    return sentence(entry)
