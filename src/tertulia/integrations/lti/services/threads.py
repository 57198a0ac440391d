"""Talk beside the content: one thread for each unit of a course, made when somebody first comes."""

from __future__ import annotations

import contextlib
import re
import uuid

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from tertulia.channels import access as channel_access
from tertulia.channels.access import Seat
from tertulia.channels.models import Channel
from tertulia.integrations.lti.checking import Launch
from tertulia.integrations.lti.models import Link
from tertulia.kernel.errors import NotFound, Refusal
from tertulia.people.models import Person
from tertulia.posts import services as posts
from tertulia.posts.models import Post
from tertulia.posts.services import NewPost
from tertulia.workspaces.models import Workspace

_MARKUP = re.compile(r"([!-/:-@\[-`{-~])")
"""All ASCII punctuation may be escaped in Markdown (CommonMark 0.31, 2.4)."""


def thread_of(link: Link, seat: Seat, person: Person, *, chosen_by: Person | None, launch: Launch) -> str:
    """The address of the unit's thread. Who chose the channel is its author, else whoever comes first and may post.

    Made once, whoever comes at the same time; where nobody may post, the channel's address.
    """
    with transaction.atomic():
        locked = Link.objects.select_for_update(of=("self",)).select_related("thread").get(pk=link.pk)
        thread = locked.thread
        if thread is None or (thread.channel_id != seat.channel.pk and thread.deleted_at is None):
            thread_id = _make(locked, seat, person, chosen_by, launch)
        else:
            thread_id = thread.pk if thread.deleted_at is None else None
    if thread_id is None:
        return seat.channel.get_absolute_url()
    return reverse("posts:thread", args=[seat.place.workspace.slug, seat.channel.slug, thread_id])


def thread_address(thread: Post | None, workspace: Workspace, channel: Channel) -> str:
    """Where a thread that somebody chose is read; where it is gone, its channel."""
    if thread is None or thread.deleted_at is not None or thread.channel_id != channel.pk:
        return channel.get_absolute_url()
    return reverse("posts:thread", args=[workspace.slug, channel.slug, thread.pk])


def body_of(title: str, address: str) -> str:
    """The first words of a unit's thread: its title, and the way back to it."""
    words = [f"**{escaped(title or _('This unit'))}**", _("Talk about this unit here.")]
    if address:
        words.append(f"[{_('Back to the unit')}](<{address.replace('<', '%3C').replace('>', '%3E')}>)")
    return "\n\n".join(words)


def _make(link: Link, seat: Seat, person: Person, chosen_by: Person | None, launch: Launch) -> uuid.UUID | None:
    author = _author(seat, person, chosen_by)
    if author is None:
        return None
    new = NewPost(
        channel_id=seat.channel.pk,
        author_id=author.pk,
        body=body_of(link.title, launch.return_url),
        client_id=uuid.uuid5(link.pk, str(seat.channel.pk)),
        everyone=False,
    )
    [outcome] = posts.create_posts([new])
    if outcome.refusal is not None or outcome.post_id is None:
        return None
    link.thread_id = outcome.post_id
    link.save(update_fields=["thread"])
    return outcome.post_id


def _author(seat: Seat, person: Person, chosen_by: Person | None) -> Person | None:
    seats = [(person, seat)]
    if chosen_by is not None and chosen_by.is_active:
        with contextlib.suppress(NotFound):
            seats.insert(0, (chosen_by, channel_access.channel(chosen_by, seat.channel.pk)))
    for one, place in seats:
        try:
            posts.check_may_post(place)
        except Refusal:
            continue
        return one
    return None


def escaped(text: str) -> str:
    """Any text as Markdown that reads as it stands, and calls nobody."""
    # A joiner that nobody sees keeps "@ana" from calling Ana: an escape alone does not.
    return _MARKUP.sub(r"\\\1", text).replace("@", "@\u200c")
