"""Makes the demonstration out of the scripts beside it, through the same services as everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Lower

from tertulia.channels import access as channel_access
from tertulia.channels import services as channel_services
from tertulia.channels.models import Channel
from tertulia.demo.doors import DOMAIN
from tertulia.demo.script import Conversation, Said, Somebody, conversations, people
from tertulia.kernel.clock import now
from tertulia.kernel.rich_text.emoji import normalise_emoji
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.posts import services as post_services
from tertulia.posts.services import NewPost, OldPin, OldReaction
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Role, Template, Workspace

OWNER = "ines"
OPERATIONS = "noor"

FRESH = timedelta(hours=30)
"""What was said within this time is unread for those whom visitors sign in as."""
PINNED = ("announcements",)
"""Channels whose first post is kept at hand."""
VISITORS = ("ines", "teo", "elif", "ben")
DIRECT = (
    ("teo", "ben", "Your frost table is lovely. Would you mind if I showed it first tomorrow?"),
    ("ben", "teo", "Not at all! I will hide behind my camera."),
    ("teo", "ben", "Beans do not need cameras. See you at 16:00."),
)


def seed(progress: Callable[[str], None] = lambda _line: None) -> bool:
    """Make everybody and everything; says each step to `progress`. False (and nothing done) where it stands already."""
    if Person.objects.alias(name=Lower("handle")).filter(name=OWNER).exists():
        return False
    with transaction.atomic():  # all or nothing: a seed that was stopped half-way begins anew
        known = {somebody.handle: _make(somebody) for somebody in people()}
        progress(f"{len(known)} people")
        for conversation in conversations():
            count = _tell(conversation, known)
            progress(f"{conversation.name}: {count} posts")
        _talk_directly(known)
    return True


def _make(somebody: Somebody) -> Person:
    person = people_services.create_person(
        email=f"{somebody.handle}@{DOMAIN}",
        display_name=somebody.name,
        handle=somebody.handle,
        verified=True,
        is_owner=somebody.handle == OWNER,
        time_zone=somebody.time_zone,
    )
    return people_services.update_profile(
        actor=person, pronouns=somebody.pronouns, headline=somebody.headline, interests=list(somebody.interests)
    )


def _tell(conversation: Conversation, known: dict[str, Person]) -> int:
    owner = known[OWNER]
    workspace = workspace_services.create_workspace(
        actor=owner,
        slug=conversation.slug,
        name=conversation.name,
        template=Template.COURSE,
        goal=conversation.goal,
        joining="open",
    )
    roles = dict.fromkeys(_speakers(conversation), Role.LEARNER)
    roles |= {handle: Role(role) for role, handles in conversation.roles.items() for handle in handles}
    roles[OPERATIONS] = Role.OPERATIONS
    roles.pop(OWNER, None)
    for handle, role in roles.items():
        workspace_services.add_member(actor=owner, workspace=workspace, person=known[handle], role=role)
    for slug, name, handles in conversation.groups:
        group = workspace_services.create_group(actor=owner, workspace=workspace, name=name, slug=slug)
        workspace_services.set_group_members(actor=owner, group=group, person_ids=[known[one].pk for one in handles])
    count = 0
    for slug, said in conversation.channels.items():
        count += _fill(_channel(workspace, slug), said, known)
    return count


def _speakers(conversation: Conversation) -> Iterator[str]:
    for said in conversation.channels.values():
        for root in said:
            for one in (root, *root.replies):
                yield one.by
                yield from (handle for _emoji, handle in one.reactions)


def _channel(workspace: Workspace, slug: str) -> Channel:
    return Channel.objects.get(workspace=workspace, slug=slug)


def _fill(channel: Channel, said: list[Said], known: dict[str, Person]) -> int:
    plan: list[tuple[NewPost, Said]] = []
    for root in said:
        first = NewPost(channel_id=channel.pk, author_id=known[root.by].pk, body=root.body, created_at=_moment(root))
        plan.append((first, root))
        plan.extend(
            (
                NewPost(
                    channel_id=channel.pk,
                    author_id=known[reply.by].pk,
                    body=reply.body,
                    root_id=first.id,
                    created_at=_moment(reply),
                ),
                reply,
            )
            for reply in root.replies
        )
    plan.sort(key=lambda pair: pair[0].created_at or now())
    outcomes = post_services.create_posts([new for new, _said in plan])
    refused = [outcome.refusal for outcome in outcomes if outcome.refusal]
    if refused:
        raise refused[0]
    old = [
        OldReaction(new.id, known[handle].pk, normalise_emoji(emoji), new.created_at or now())
        for new, one in plan
        for emoji, handle in one.reactions
    ]
    pins = [OldPin(plan[0][0].id, now(), plan[0][0].author_id)] if channel.slug in PINNED else []
    post_services.mark_imported(reactions=old, pins=pins)
    _read(channel, known, until=now() - FRESH)
    return len(plan)


def _read(channel: Channel, known: dict[str, Person], *, until: datetime) -> None:
    """Everybody has read everything; visitors what was said before `until`."""
    channel.refresh_from_db()
    last_old = channel.posts.filter(created_at__lt=until).order_by("-seq").values_list("seq", flat=True).first() or 0
    by_id = {person.pk: handle for handle, person in known.items()}
    for membership in channel.memberships.select_related("person"):
        seat = channel_access.channel(membership.person, channel.pk)
        fresh = by_id.get(membership.person_id) in VISITORS
        post_services.mark_read(actor=membership.person, seat=seat, seq=last_old if fresh else channel.last_seq)


def _talk_directly(known: dict[str, Person]) -> None:
    workspace = Workspace.objects.get(slug="data-frames")
    channel = channel_services.open_direct(actor=known["teo"], workspace=workspace, person_ids=[known["ben"].pk])
    start = now() - timedelta(hours=3)
    batch = [
        NewPost(
            channel_id=channel.pk,
            author_id=known[by].pk,
            body=body,
            created_at=start + timedelta(minutes=7 * place),
        )
        for place, (by, _to, body) in enumerate(DIRECT)
    ]
    post_services.create_posts(batch)


def _moment(said: Said) -> datetime:
    """When it was said, counted back from a day that has come far enough for its mornings to be past."""
    day = now() - timedelta(hours=8)
    start = day.replace(hour=0, minute=0, second=0, microsecond=0)
    return start + timedelta(days=-said.days_ago, hours=said.hour, minutes=said.minute)
