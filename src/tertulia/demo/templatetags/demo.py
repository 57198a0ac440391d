"""The demonstration's buttons, for the sign-in page."""

from __future__ import annotations

from typing import Any

from django import template

from tertulia.demo.doors import DOORS

register = template.Library()


@register.inclusion_tag("demo/doors.html", takes_context=True)
def demo_doors(context: template.Context) -> dict[str, Any]:
    """One button for each person that a visitor can be."""
    return {"doors": DOORS, "csrf_token": context.get("csrf_token")}
