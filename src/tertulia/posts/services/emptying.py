"""Deleted posts lose what they said once the time to undo is over; their place in the channel stays."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from tertulia.kernel.clock import now
from tertulia.posts.models import Attachment, Draft, Post, PostVersion, Reaction, SavedPost
from tertulia.posts.services.change import UNDO_SECONDS
from tertulia.posts.services.files import forget_files

AT_ONCE = 500


def empty_deleted() -> int:
    """Empty the posts deleted so long ago that nobody can bring them back: words, versions, reactions, files.

    Returns how many. What anybody could see of them does not change, so nothing is told. For a job.
    """
    over = now() - timedelta(seconds=UNDO_SECONDS + 60)  # a minute later, for an undo that is under way
    left = (
        Q(body__gt="")
        | Exists(Attachment.objects.filter(post=OuterRef("pk")))
        | Exists(PostVersion.objects.filter(post=OuterRef("pk")))
        | Exists(Reaction.objects.filter(post=OuterRef("pk")))
    )
    ids = list(Post.objects.filter(left, deleted_at__lt=over).values_list("pk", flat=True)[:AT_ONCE])
    with transaction.atomic():
        Post.objects.filter(pk__in=ids).update(body="", html="", text="", facts=None)
        for hanging in (PostVersion, Reaction, SavedPost):
            hanging.objects.filter(post__in=ids).delete()
        Draft.objects.filter(root__in=ids).delete()
        attached = Attachment.objects.filter(post__in=ids)
        file_ids = list(attached.values_list("file_id", flat=True))
        attached.delete()
    forget_files(file_ids)
    return len(ids)
