"""Channels over REST: finding, making and changing them, who is in them, direct conversations, one's preferences."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, cast
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Status
from pydantic import Field

from tertulia.channels import access, queries, services
from tertulia.channels.access import Seat
from tertulia.channels.models import Channel, ChannelMembership
from tertulia.kernel.errors import Invalid, NotFound
from tertulia.kernel.rest import ListQuery, Out, Page, Strict, actor, page, problems, requires
from tertulia.people.models import Person
from tertulia.workspaces import access as workspace_access
from tertulia.workspaces.access import Place

router = Router(tags=["channels"])

Text = Annotated[str, Field(max_length=5_000)]
Ids = Annotated[list[UUID], Field(max_length=500)]
VisibilityName = Literal["public", "private"]
PostingName = Literal["everyone", "staff"]


class PersonBrief(Out):
    """Somebody, in few words."""

    id: UUID
    handle: str
    display_name: str
    picture_url: str


class ChannelOut(Out):
    """A channel, as the asker sees it."""

    id: UUID
    workspace: str = Field(description="The workspace's slug.")
    kind: str = Field(description="`chat`, or `direct` for a direct conversation.")
    name: str = Field(description="A direct conversation is called by the others in it.")
    slug: str
    url: str = Field(description="Address of its page.")
    visibility: VisibilityName
    purpose: str
    header: str = Field(description="Markdown.")
    posting: PostingName = Field(description="Who may post.")
    slow_seconds: int = Field(description="Seconds between two posts of one person; 0: none.")
    archived: bool
    is_default: bool = Field(description="New members are put into it.")
    people: list[PersonBrief] = Field(description="The others of a direct conversation; empty for other kinds.")
    is_member: bool
    is_manager: bool
    muted: bool
    favourite: bool
    hidden: bool = Field(description="A direct conversation, closed until something unread is in it.")
    last_seq: int = Field(description="Place of its newest post.")
    last_read_seq: int = Field(description="Place up to which the asker has read.")
    unread: int = Field(description="Posts (without replies) that the asker has not read; 0 for who is not in it.")
    mentions: int = Field(description="Unread posts that call the asker.")
    created_at: datetime

    @classmethod
    def of(
        cls,
        channel: Channel,
        membership: ChannelMembership | None,
        mentions: int,
        *,
        name: str = "",
        people: tuple[Person, ...] = (),
    ) -> ChannelOut:
        """The channel and one person's state in it."""
        return cls(
            id=channel.pk,
            workspace=channel.workspace.slug,
            kind=channel.kind,
            name=name or channel.name,
            slug=channel.slug,
            url=channel.get_absolute_url(),
            visibility=cast("VisibilityName", channel.visibility),
            purpose=channel.purpose,
            header=channel.header,
            posting=cast("PostingName", channel.posting),
            slow_seconds=channel.slow_seconds,
            archived=channel.archived_at is not None,
            is_default=channel.is_default,
            people=[PersonBrief.model_validate(person) for person in people],
            is_member=membership is not None,
            is_manager=membership is not None and membership.is_manager,
            muted=membership is not None and membership.muted,
            favourite=membership is not None and membership.favourite,
            hidden=membership is not None and membership.hidden,
            last_seq=channel.last_seq,
            last_read_seq=membership.last_read_seq if membership else 0,
            unread=queries.unread(channel, membership),
            mentions=mentions,
            created_at=channel.created_at,
        )

    @classmethod
    def of_seat(cls, seat: Seat) -> ChannelOut:
        """The channel as its reader sees it. One query."""
        counts = queries.waiting(seat.person_id, [seat.channel.pk]).get(seat.channel.pk, queries.Waiting())
        people = tuple(partner.person for partner in seat.partners)
        return cls.of(seat.channel, seat.membership, counts.mentions, name=seat.name, people=people)


class ChannelQuery(ListQuery):
    """Which channels."""

    q: Annotated[str, Field(max_length=80, description="Part of the name, URL or purpose.")] = ""
    show: Literal["all", "mine", "other", "archived"] = Field(
        "all", description="`mine`: joined, `other`: not joined, `archived`: archived ones only."
    )


class MemberQuery(ListQuery):
    """Which members."""

    q: Annotated[str, Field(max_length=80, description="Part of the name or handle.")] = ""


class NewChannel(Strict):
    """A channel to make."""

    name: Text
    slug: Text = Field("", description="Its address; derived from the name where empty.")
    kind: Annotated[str, Field(max_length=40, description="`chat` is the only kind there is yet.")] = "chat"
    visibility: VisibilityName = Field("public", description="`public`: anyone joins; `private`: only invited members.")
    purpose: Text = Field("", description="How this channel should be used.")
    header: Text = Field("", description="Markdown, shown beside the name.")
    posting: PostingName = "everyone"
    is_default: bool = Field(False, description="Put new members into it.")


class ChannelChanges(Strict):
    """What changes; what is left out stays. All of it, or nothing."""

    name: Text | None = None
    slug: Text | None = None
    kind: Annotated[str, Field(max_length=40)] | None = Field(None, description="Cannot be changed.")
    visibility: VisibilityName | None = None
    purpose: Text | None = None
    header: Text | None = None
    posting: PostingName | None = None
    slow_seconds: Annotated[int, Field(ge=0, le=services.LONGEST_SLOW)] | None = None
    is_default: bool | None = None
    archived: bool | None = Field(None, description="`false` restores an archived channel.")


class ChannelMemberOut(Out):
    """Somebody in a channel."""

    person: PersonBrief
    role: str | None = Field(description="Their role in the workspace.")
    is_manager: bool
    via_group_id: UUID | None = Field(description="The group that alone brought them in, if one did.")
    joined_at: datetime

    @classmethod
    def of(cls, membership: ChannelMembership) -> ChannelMemberOut:
        """One row of `queries.members`."""
        return cls(
            person=PersonBrief.model_validate(membership.person),
            role=vars(membership)["role"],
            is_manager=membership.is_manager,
            via_group_id=membership.via_group_id,
            joined_at=membership.joined_at,
        )


class NewMembers(Strict):
    """Whom to bring in: people, or whole groups, which then stay in step. One's own id joins a public channel."""

    person_ids: Ids = []
    person_id: UUID | None = None
    group_ids: Annotated[list[UUID], Field(max_length=20)] = []


class Added(Out):
    """Who is in the channel now and was not before."""

    added: list[UUID]


class ManagerChange(Strict):
    """Whether somebody manages the channel."""

    is_manager: bool


class Preferences(Strict):
    """What one wants of a channel; what is left out stays."""

    muted: bool | None = None
    favourite: bool | None = None
    hidden: bool | None = Field(None, description="Close a direct conversation until something unread is in it.")


class NewDirect(Strict):
    """With whom to talk; oneself is always part of it, and alone with oneself one takes notes."""

    person_ids: Annotated[list[UUID], Field(min_length=1, max_length=50)]


class Conversations(Out):
    """All direct conversations of a person; always one page."""

    items: list[ChannelOut]
    next: None = None


@router.get("/workspaces/{slug}/channels", response={200: Page[ChannelOut]})
@requires("channels:read")
def list_channels(request: HttpRequest, slug: str, query: Query[ChannelQuery]) -> Page[ChannelOut]:
    """The channels that one may see, by name: public ones and private ones that one is in; not direct conversations."""
    place = _place(request, slug)
    found = queries.browse(place, q=query.q, show=query.show, cursor=query.cursor, limit=query.limit)
    counts = queries.waiting(place.membership.person_id, [item.channel.pk for item in found.items])
    none = queries.Waiting()
    return page(
        found,
        lambda item: ChannelOut.of(item.channel, item.membership, counts.get(item.channel.pk, none).mentions),
    )


@router.post("/workspaces/{slug}/channels", response={201: ChannelOut, **problems(409)})
@requires("channels:write")
def create_channel(request: HttpRequest, slug: str, new: NewChannel) -> Status[ChannelOut]:
    """Make a channel. Whoever makes it is in it and manages it. A URL that is taken answers 409 with a free one."""
    person = actor(request)
    workspace = _place(request, slug).workspace
    channel = services.create_channel(actor=person, workspace=workspace, **new.model_dump())
    return Status(201, ChannelOut.of_seat(access.channel(person, channel.pk)))


@router.get("/channels/{uuid:channel_id}", response={200: ChannelOut})
@requires("channels:read")
def get_channel(request: HttpRequest, channel_id: UUID) -> ChannelOut:
    """One channel. Private channels do not exist for who is not in them."""
    return ChannelOut.of_seat(access.channel(actor(request), channel_id))


@router.patch("/channels/{uuid:channel_id}", response={200: ChannelOut, **problems(409)})
@requires("channels:write")
def change_channel(request: HttpRequest, channel_id: UUID, changes: ChannelChanges) -> ChannelOut:
    """Change a channel that one manages; `archived: false` restores it."""
    person = actor(request)
    seat = access.channel(person, channel_id)
    wanted = changes.model_dump(exclude_none=True)
    if wanted.pop("kind", seat.channel.kind) != seat.channel.kind:
        raise Invalid(_("A channel stays of the kind it was made."), field="kind")
    changed = services.change_channel(actor=person, channel=seat.channel, **wanted)
    try:
        seat = access.channel(person, channel_id)
    except NotFound:  # made private by somebody who is not in it: the answer tells what they have just done
        return ChannelOut.of(changed, None, 0)
    return ChannelOut.of_seat(seat)


@router.delete("/channels/{uuid:channel_id}", response={204: None})
@requires("channels:write")
def archive_channel(request: HttpRequest, channel_id: UUID) -> Status[None]:
    """Archive a channel: nothing is lost, nothing can be added. `PATCH` with `archived: false` restores it."""
    person = actor(request)
    services.archive_channel(actor=person, channel=access.channel(person, channel_id).channel)
    return Status(204, None)


@router.get("/channels/{uuid:channel_id}/members", response={200: Page[ChannelMemberOut]})
@requires("channels:read")
def list_channel_members(request: HttpRequest, channel_id: UUID, query: Query[MemberQuery]) -> Page[ChannelMemberOut]:
    """Who is in a channel, by name."""
    seat = access.channel(actor(request), channel_id)
    return page(queries.members(seat, q=query.q, cursor=query.cursor, limit=query.limit), ChannelMemberOut.of)


@router.post("/channels/{uuid:channel_id}/members", response={201: Added, **problems(409)})
@requires("channels:write")
def add_channel_members(request: HttpRequest, channel_id: UUID, new: NewMembers) -> Status[Added]:
    """Bring people or whole groups of the workspace into a channel, or join it oneself. Who is in it already stays."""
    person = actor(request)
    seat = access.channel(person, channel_id)
    ids = list(dict.fromkeys([*new.person_ids, *([new.person_id] if new.person_id else [])]))
    added = services.bring_in(actor=person, channel=seat.channel, person_ids=ids, group_ids=new.group_ids)
    return Status(201, Added(added=added))


@router.patch("/channels/{uuid:channel_id}/members/{uuid:person_id}", response={204: None, **problems(409)})
@requires("channels:write")
def change_channel_member(
    request: HttpRequest, channel_id: UUID, person_id: UUID, change: ManagerChange
) -> Status[None]:
    """Let somebody in a channel manage it, or no longer."""
    person = actor(request)
    channel = access.channel(person, channel_id).channel
    services.set_manager(actor=person, channel=channel, person_id=person_id, is_manager=change.is_manager)
    return Status(204, None)


@router.delete("/channels/{uuid:channel_id}/members/{uuid:person_id}", response={204: None, **problems(409)})
@requires("channels:write")
def remove_channel_member(request: HttpRequest, channel_id: UUID, person_id: UUID) -> Status[None]:
    """Take somebody out of a channel that one manages, or leave it by giving one's own id."""
    person = actor(request)
    services.remove_person(actor=person, channel=access.channel(person, channel_id).channel, person_id=person_id)
    return Status(204, None)


@router.patch("/channels/{uuid:channel_id}/preferences", response={200: ChannelOut})
@requires("channels:write")
def set_channel_preferences(request: HttpRequest, channel_id: UUID, wishes: Preferences) -> ChannelOut:
    """Mute, favour or close a channel for oneself."""
    person = actor(request)
    seat = access.channel(person, channel_id)
    services.set_preferences(actor=person, channel=seat.channel, **wishes.model_dump())
    return ChannelOut.of_seat(access.channel(person, channel_id))


@router.get("/workspaces/{slug}/direct", response={200: Conversations})
@requires("channels:read")
def list_direct(request: HttpRequest, slug: str) -> Conversations:
    """One's direct conversations, the latest first, closed ones too."""
    rows = queries.conversations(_place(request, slug))
    items = [ChannelOut.of(row.channel, row.membership, row.mentions, name=row.name, people=row.people) for row in rows]
    return Conversations(items=items)


@router.post("/workspaces/{slug}/direct", response={200: ChannelOut, **problems(409)})
@requires("channels:write")
def open_direct(request: HttpRequest, slug: str, new: NewDirect) -> ChannelOut:
    """The direct conversation with these people: up to 8, the asker included; the same people, the same channel."""
    person = actor(request)
    workspace = _place(request, slug).workspace
    channel = services.open_direct(actor=person, workspace=workspace, person_ids=new.person_ids)
    return ChannelOut.of_seat(access.channel(person, channel.pk))


def _place(request: HttpRequest, slug: str) -> Place:
    return workspace_access.workspace(actor(request), slug)
