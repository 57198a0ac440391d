"""What stands beside each page of a workspace: pages give `sidebar` (queries.sidebar)."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from tertulia.channels import sidebar_html

register = template.Library()


@register.simple_tag(takes_context=True)
def channel_sidebar(context: template.Context) -> SafeString:
    """The sidebar; `here` in the context says which page is around it, where that is not the one asked for."""
    html = sidebar_html.sidebar_html(context["request"], context["sidebar"], here=context.get("here") or "")
    return SafeString(html.decode())


@register.simple_tag(takes_context=True)
def workspace_rail(context: template.Context) -> SafeString:
    """The rail of workspaces."""
    return SafeString(sidebar_html.rail_html(context["sidebar"]).decode())
