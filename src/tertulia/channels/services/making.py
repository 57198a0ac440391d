"""Making channels and changing what they are."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tertulia.channels import access, words
from tertulia.channels.happenings import ChannelChanged, ChannelCreated
from tertulia.channels.models import Channel, ChannelMembership, Kind, Posting, Visibility
from tertulia.channels.queries import free_slug
from tertulia.channels.rendering import render_header
from tertulia.channels.services import seating
from tertulia.kernel import audit, bus, happenings, limits
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Invalid
from tertulia.people.models import Person
from tertulia.workspaces.access import Permission, check, check_open, workspace_by_id
from tertulia.workspaces.models import Workspace


class Fields(TypedDict, total=False):
    """What `update_channel` changes."""

    name: str
    slug: str
    purpose: str
    header: str
    posting: str
    slow_seconds: int
    is_default: bool


LONGEST_SLOW = 21_600
"""Slow mode's longest pause: six hours, in seconds."""


def create_channel(
    *,
    actor: Person,
    workspace: Workspace,
    name: str,
    slug: str = "",
    visibility: str = Visibility.PUBLIC,
    purpose: str = "",
    header: str = "",
    posting: str = Posting.EVERYONE,
    kind: str = Kind.CHAT,
    is_default: bool = False,
    creator: Person | None = None,
    created_at: datetime | None = None,
    archived: bool = False,
    quiet: bool = False,
) -> Channel:
    """Make a channel; whoever makes it is in it and manages it. Without `slug` one is derived from the name.

    For imports: `creator` and `created_at` are who made it and when, where it comes from; `quiet` leaves out
    happenings, notices and the rate limit, and the actor is put into private channels only (or nobody could fill them).
    Raises Invalid, Forbidden, Conflict (`slug-taken`, with a free one in its sentence; `archived`), TooMany.
    """
    place = workspace_by_id(actor, workspace.pk)
    check_open(place.workspace)
    private = _choice(Visibility, visibility, "visibility") == Visibility.PRIVATE
    check(place, Permission.CREATE_PRIVATE_CHANNEL if private else Permission.CREATE_CHANNEL)
    _check_kind(kind)
    if is_default:
        check(place, Permission.MANAGE_CHANNELS)
        _check_default(visibility)
    _choice(Posting, posting, "posting")
    if not quiet:
        limits.spend(limits.WRITES, actor.pk)
    name, header = words.name_of(name), words.header_of(header)
    channel = Channel(
        workspace=place.workspace,
        kind=kind,
        visibility=visibility,
        name=name,
        slug=words.slug_of(slug) if slug.strip() else _derived(place.workspace, name),
        purpose=words.purpose_of(purpose),
        header=header,
        header_html=render_header(header),
        posting=posting,
        is_default=is_default,
        created_by=creator or actor,
        archived_at=now() if archived else None,
    )
    if created_at is not None:
        channel.created_at = created_at
    with transaction.atomic():
        people = [(creator or actor).pk, *([actor.pk] if private else [])]
        first = seating.lock_members(place.workspace.pk, people)
        _save_new(channel)
        seating.seat(channel, first, actor_id=None, is_manager=True, quiet=True)
        audit.record(
            actor=actor,
            verb="created",
            object_kind="channel",
            object_id=channel.pk,
            workspace_id=place.workspace.pk,
            after={"name": name, "slug": channel.slug, "visibility": visibility},
        )
        if not quiet:
            bus.notify("joined", channel=channel.pk, person=actor.pk)
            happenings.emit(
                ChannelCreated(channel_id=str(channel.pk), workspace_id=str(place.workspace.pk), actor_id=str(actor.pk))
            )
    return channel


def update_channel(
    *,
    actor: Person,
    channel: Channel,
    name: str | None = None,
    slug: str | None = None,
    purpose: str | None = None,
    header: str | None = None,
    posting: str | None = None,
    slow_seconds: int | None = None,
    is_default: bool | None = None,
) -> Channel:
    """Change what is given (None: as it is). Only for those who manage the channel; only while it is not archived.

    Raises NotFound, Forbidden, Invalid, Conflict (`slug-taken`, `archived`).
    """
    seat = access.channel(actor, channel.pk)
    access.check_manage(seat)
    values: dict[str, object] = {
        "name": name if name is None else words.name_of(name),
        "slug": slug if slug is None else words.slug_of(slug),
        "purpose": purpose if purpose is None else words.purpose_of(purpose),
        "header": header if header is None else words.header_of(header),
        "posting": posting if posting is None else _choice(Posting, posting, "posting"),
        "slow_seconds": slow_seconds if slow_seconds is None else _pause(slow_seconds),
        "is_default": is_default,
    }
    values = {field: value for field, value in values.items() if value is not None}
    if "header" in values:
        values["header_html"] = render_header(str(values["header"]))
    if is_default is not None and is_default != seat.channel.is_default:
        check(seat.place, Permission.MANAGE_CHANNELS)
    with transaction.atomic():
        row = seating.lock(channel.pk)
        if row.archived_at is not None:
            raise Conflict(_("This channel is archived. Restore it first, then change it."), type="archived")
        if values.get("is_default"):
            _check_default(row.visibility)
        _apply(actor, row, values)
    return row


def change_visibility(*, actor: Person, channel: Channel, visibility: str) -> Channel:
    """Make a channel private or public; `queries.visibility_effect` says beforehand who will see what.

    A private channel takes nobody in by default. Raises NotFound, Forbidden, Invalid, Conflict (`archived`).
    """
    seat = access.channel(actor, channel.pk)
    access.check_manage(seat)
    wanted = _choice(Visibility, visibility, "visibility")
    if wanted == Visibility.PRIVATE:
        check(seat.place, Permission.CREATE_PRIVATE_CHANNEL)
    with transaction.atomic():
        members = seating.lock_members(seat.place.workspace.pk, [actor.pk])
        row = seating.lock(channel.pk)
        if row.archived_at is not None:
            raise Conflict(_("This channel is archived. Restore it first, then change it."), type="archived")
        if wanted == Visibility.PRIVATE and not row.memberships.filter(is_manager=True).exists():
            # Somebody must still see it: whoever closes the door stays inside and keeps the key.
            seating.seat(row, members, actor_id=None)
            ChannelMembership.objects.filter(channel=row, person=actor).update(is_manager=True)
        values: dict[str, object] = {"visibility": wanted}
        if wanted == Visibility.PRIVATE:
            values["is_default"] = False
        _apply(actor, row, values)
    return row


def archive_channel(*, actor: Person, channel: Channel) -> Channel:
    """Close a channel: it can be read, nothing can be added, nobody joins. Twice is no mistake."""
    return _set_archived(actor, channel, archived=True)


def restore_channel(*, actor: Person, channel: Channel) -> Channel:
    """Open an archived channel again, as it was."""
    return _set_archived(actor, channel, archived=False)


def change_channel(
    *,
    actor: Person,
    channel: Channel,
    archived: bool | None = None,
    visibility: str | None = None,
    **fields: Unpack[Fields],
) -> Channel:
    """Several changes at once, all or none: restoring comes first, archiving last. `fields` as in `update_channel`."""
    with transaction.atomic():
        seating.lock_members(channel.workspace_id, [actor.pk])
        if archived is False:
            channel = restore_channel(actor=actor, channel=channel)
        if fields:
            channel = update_channel(actor=actor, channel=channel, **fields)
        if visibility is not None:
            channel = change_visibility(actor=actor, channel=channel, visibility=visibility)
        if archived is True:
            channel = archive_channel(actor=actor, channel=channel)
    return channel


def _set_archived(actor: Person, channel: Channel, *, archived: bool) -> Channel:
    access.check_manage(access.channel(actor, channel.pk))
    with transaction.atomic():
        row = seating.lock(channel.pk)
        if (row.archived_at is not None) != archived:
            _apply(actor, row, {"archived_at": now() if archived else None})
    return row


def _apply(actor: Person, row: Channel, values: Mapping[str, object]) -> None:
    """Write what differs, and tell of it: an audit entry, a happening for each, one notice."""
    before = {field: getattr(row, field) for field, value in values.items() if getattr(row, field) != value}
    if not before:
        return
    for field in before:
        setattr(row, field, values[field])
    try:
        with transaction.atomic():
            row.save(update_fields=list(before))
    except IntegrityError as error:
        raise _taken(row.workspace, row.slug, row.pk) from error
    told = {field: (_plain(field, old), _plain(field, values[field])) for field, old in before.items()}
    told.pop("header_html", None)
    audit.record(
        actor=actor,
        verb="changed",
        object_kind="channel",
        object_id=row.pk,
        workspace_id=row.workspace_id,
        before={field: old for field, (old, _new) in told.items()},
        after={field: new for field, (_old, new) in told.items()},
    )
    bus.notify("channel", channel=row.pk)
    for field, (old, new) in told.items():
        what = "archived" if field == "archived_at" else field
        happenings.emit(
            ChannelChanged(channel_id=str(row.pk), actor_id=str(actor.pk), what=what, before=old, after=new)
        )


def _plain(field: str, value: object) -> str:
    if field in ("archived_at", "is_default"):
        return "yes" if value else "no"
    return str(value)


def _choice(choices: type[Visibility | Posting], value: str, field: str) -> str:
    if value not in choices.values:
        raise Invalid(
            _("“%(value)s” is not one of: %(known)s.") % {"value": value, "known": ", ".join(choices.values)},
            field=field,
        )
    return str(value)


def _check_kind(kind: str) -> None:
    if kind == Kind.DIRECT:
        raise Invalid(_("Direct conversations are opened by naming the people, not made as channels."), field="kind")
    if kind not in Kind.values:
        raise Invalid(_("There are no channels of kind “%(kind)s” yet; use “chat”.") % {"kind": kind}, field="kind")


def _check_default(visibility: str) -> None:
    if visibility != Visibility.PUBLIC:
        raise Invalid(
            _("New members are added to public channels only. Make the channel public first."), field="is_default"
        )


def _pause(seconds: int) -> int:
    if not 0 <= seconds <= LONGEST_SLOW:
        raise Invalid(_("Slow mode takes 0 to %(longest)s seconds.") % {"longest": LONGEST_SLOW}, field="slow_seconds")
    return seconds


def _derived(workspace: Workspace, name: str) -> str:
    slug = words.derive_slug(name)
    # A name in another script gives nothing to derive from, so nobody could have foreseen a clash.
    return slug or free_slug(workspace.pk, "channel")


def _save_new(channel: Channel) -> None:
    try:
        with transaction.atomic():
            channel.save(force_insert=True)
    except IntegrityError as error:
        raise _taken(channel.workspace, channel.slug, None) from error
    channel.refresh_from_db(fields=["created_at"])


def _taken(workspace: Workspace, slug: str, own_id: uuid.UUID | None) -> Conflict:
    return Conflict(
        _("The URL “%(slug)s” is taken. “%(free)s” is free.")
        % {"slug": slug, "free": free_slug(workspace.pk, slug, besides=own_id)},
        type="slug-taken",
        field="slug",
    )
