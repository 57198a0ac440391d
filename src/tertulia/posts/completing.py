"""What can be completed while writing: people and groups to call, channels to link. Offered through `queries`."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Case, Exists, IntegerField, OuterRef, Q, Value, When
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from tertulia.channels import queries as channel_queries
from tertulia.channels.access import Seat
from tertulia.channels.models import Channel, ChannelMembership, Visibility
from tertulia.people.models import Person
from tertulia.workspaces import queries as workspace_queries
from tertulia.workspaces.access import Permission, Place, may

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Callable:
    """Somebody, or several, that a post can call by `@handle`. `person` is None for groups and for everybody."""

    handle: str
    name: str
    person: Person | None = None
    icon: str = "users"


def mentionable(seat: Seat, q: str) -> list[Callable]:
    """Whom `@q` may mean in a channel: its members first, then others, groups, everybody. Two queries."""
    here = Exists(ChannelMembership.objects.filter(channel=seat.channel, person=OuterRef("pk")))
    people = workspace_queries.member_people(seat.place).filter(is_active=True)
    if seat.is_direct or not may(seat.place, Permission.SEE_MEMBERS):
        people = people.filter(here)
    if q:
        people = people.filter(Q(display_name__icontains=q) | Q(handle__icontains=q))
    rank = Case(
        When(here & (Q(handle__istartswith=q) | Q(display_name__istartswith=q)), then=Value(0)),
        When(here, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    ranked = people.annotate(rank=rank).order_by("rank", Lower("display_name"), "pk")[:SHOWN]
    found = [Callable(person.handle, person.display_name, person) for person in ranked]
    if may(seat.place, Permission.SEE_MEMBERS) and not seat.is_direct:
        wanted = q.lower()
        found += [
            Callable(group.slug, group.name)
            for group in workspace_queries.groups(seat.place)
            if wanted in group.slug.lower() or wanted in group.name.lower()
        ]
        found += [
            Callable(word, meaning, icon="megaphone")
            for word, meaning in (("channel", _("Everybody in this channel")), ("here", _("Those whose door is open")))
            if word.startswith(wanted)
        ]
    return found[:SHOWN]


def linkable(place: Place, q: str) -> list[Channel]:
    """Public channels that `#q` may mean. One query."""
    rows = channel_queries.visible(place).filter(visibility=Visibility.PUBLIC, archived_at=None)
    if q:
        rows = rows.filter(Q(name__icontains=q) | Q(slug__icontains=q))
    return list(rows.order_by(Lower("slug"))[:SHOWN])
