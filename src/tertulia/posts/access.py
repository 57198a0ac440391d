"""Who may: the only door by which pages and REST fetch posts and files.

A post exists for whoever may see its channel, a file for whoever may see its post; before it is in a post, for its
uploader only. Everybody else gets the answer of a wrong URL.
"""

from __future__ import annotations

from uuid import UUID

from tertulia.channels import access as channels
from tertulia.channels.access import Seat
from tertulia.kernel.errors import NotFound
from tertulia.people.models import Person
from tertulia.posts.models import Attachment, Draft, File, Kind, Post, ScheduledPost


def post(person: Person, post_id: UUID) -> tuple[Post, Seat]:
    """A post, deleted or not, and the person's seat in its channel. Raises NotFound."""
    found = Post.objects.select_related("author", "root").filter(pk=post_id).first()
    if found is None:
        raise NotFound
    return found, channels.channel(person, found.channel_id)


def root(person: Person, seat: Seat, post_id: UUID) -> Post:
    """The first post of a thread in this channel; for a reply, that of its thread. Raises NotFound."""
    del person  # the seat is theirs
    found = Post.objects.select_related("root").filter(pk=post_id, channel=seat.channel).first()
    if found is None:
        raise NotFound
    return found.root or found


def file(person: Person, file_id: UUID) -> File:
    """A file that the person may have: in a post they may see, or not in a post yet and theirs. Raises NotFound."""
    found = File.objects.filter(pk=file_id).first()
    if found is None:
        raise NotFound
    attachment = Attachment.objects.select_related("post").filter(file=found).first()
    if attachment is None:
        if found.uploader_id != person.pk:
            raise NotFound
    elif attachment.post.deleted_at is not None:
        raise NotFound
    else:
        channels.channel(person, attachment.post.channel_id)
    return found


def own_file(person: Person, file_id: UUID) -> File:
    """An uploaded file of the person's that is in no post yet. Raises NotFound."""
    found = File.objects.filter(pk=file_id, uploader=person, attachment=None).first()
    if found is None:
        raise NotFound
    return found


def own_draft(person: Person, draft_id: int) -> Draft:
    """One of the person's drafts. Raises NotFound."""
    found = Draft.objects.select_related("channel").filter(pk=draft_id, person=person).first()
    if found is None:
        raise NotFound
    return found


def scheduled(person: Person, scheduled_id: UUID) -> ScheduledPost:
    """A post that the person scheduled. Raises NotFound."""
    found = ScheduledPost.objects.select_related("channel").filter(pk=scheduled_id, author=person).first()
    if found is None:
        raise NotFound
    return found


def may_edit(seat: Seat, post: Post) -> bool:
    """Their own words, as long as they stand there."""
    return (
        post.author_id == seat.person_id
        and post.kind == Kind.MESSAGE
        and post.deleted_at is None
        and not seat.is_frozen
    )


def may_delete(seat: Seat, post: Post) -> bool:
    """Their own posts, also in archived channels; moderators the posts of others."""
    if post.deleted_at is not None:
        return False
    return seat.may_moderate or (post.author_id == seat.person_id and post.kind == Kind.MESSAGE)


def may_see_versions(seat: Seat, post: Post) -> bool:
    """What a post said before its edits: its author and moderators, as long as it is not deleted."""
    return post.deleted_at is None and (post.author_id == seat.person_id or seat.may_moderate)


def may_react(seat: Seat, post: Post) -> bool:
    """Everybody who may see the post, as long as it stands and the channel lives."""
    return post.deleted_at is None and not seat.is_frozen


def may_pin(seat: Seat) -> bool:
    """Managers and staff; in a direct conversation both."""
    return not seat.is_frozen and (seat.is_direct or seat.may_moderate)
