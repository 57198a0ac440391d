"""Posts and what hangs on them: versions, reactions, mentions, files, follows, saves, drafts and scheduled posts."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tertulia.channels.models import Channel
from tertulia.kernel.ids import new_id
from tertulia.people.models import Person


class Kind(models.TextChoices):
    """`message`: what somebody said. `system`: a quiet line about the channel itself (joined, renamed)."""

    MESSAGE = "message", _("Message")
    SYSTEM = "system", _("System line")


class Post(models.Model):
    """Something that somebody said in a channel. Made by `posts.services.create_posts` and nothing else.

    `seq`: its place in the channel. `revision`: the channel's revision at its last change; see `Channel`. No two posts
    of a channel have the same revision, so that changes can be read in pages.
    `html` is `body` rendered and sanitised on write. A deleted post keeps its row; `body` and `html` are emptied when
    the time to undo is over.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # No index of its own where another begins with it or leaves out the empty: each would be written with each post.
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="posts", db_index=False)
    seq = models.BigIntegerField()
    revision = models.BigIntegerField()
    root = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="replies", db_index=False)
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="posts", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.MESSAGE)
    body = models.TextField()
    html = models.TextField()
    text = models.TextField(help_text="Plain words of the body, for previews and search.")
    client_id = models.UUIDField(default=new_id)
    created_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    deleted_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    pinned_at = models.DateTimeField(null=True)
    pinned_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    reply_count = models.IntegerField(default=0, help_text="Replies that are not deleted.")
    last_reply_at = models.DateTimeField(null=True)
    facts = models.JSONField(
        null=True, help_text="What a system line tells, so that the next one of its sort can join it."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "seq"], name="post_place"),
            models.UniqueConstraint(fields=["author", "client_id"], name="post_client_id"),
        ]
        indexes = [
            models.Index(fields=["channel", "seq"], condition=models.Q(root=None), name="post_roots"),
            models.Index(fields=["channel", "revision"], name="post_changes"),
            models.Index(fields=["root", "seq"], condition=models.Q(root__isnull=False), name="post_replies"),
            models.Index(
                fields=["channel", "pinned_at"], condition=models.Q(pinned_at__isnull=False), name="post_pins"
            ),
            models.Index(fields=["channel", "created_at"], name="post_by_time"),
            models.Index(
                fields=["deleted_by"], condition=models.Q(deleted_by__isnull=False), name="post_by_who_deleted"
            ),
            models.Index(fields=["pinned_by"], condition=models.Q(pinned_by__isnull=False), name="post_by_who_pinned"),
        ]

    def get_absolute_url(self) -> str:
        return reverse("posts:permalink", args=[self.id])


class PostVersion(models.Model):
    """What a post said before an edit."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="versions")
    body = models.TextField()
    replaced_at = models.DateTimeField()
    replaced_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["post", "replaced_at"], name="post_versions")]


class Reaction(models.Model):
    """One person's emoji on one post."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="reactions")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    emoji = models.CharField(max_length=32)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "person", "emoji"], name="reaction_once")]


class Mention(models.Model):
    """A post that calls for one person's attention.

    `seq` repeats the post's place, so that counting the unread is one index scan.
    """

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="mentions")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    seq = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "person"], name="mention_once")]
        indexes = [models.Index(fields=["person", "channel", "seq"], name="mention_by_person")]


class ThreadFollow(models.Model):
    """A person's interest in a thread: following or not, and how many replies they have read.

    `read_replies` counts the replies read that are not deleted, so that `root.reply_count - read_replies` are unread.
    """

    root = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="follows")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    following = models.BooleanField(default=True)
    read_replies = models.IntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["root", "person"], name="thread_follow_once")]
        indexes = [models.Index(fields=["person"], condition=models.Q(following=True), name="thread_follow_by_person")]


class SavedPost(models.Model):
    """A post that a person keeps for later; private."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="saves")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "person"], name="saved_post_once")]
        indexes = [models.Index(fields=["person", "-created_at"], name="saved_post_by_person")]


class File(models.Model):
    """An uploaded file.

    Bytes are stored once per content, under their SHA-256; a row is one person's upload of them.
    """

    class Kind(models.TextChoices):
        IMAGE = "image", _("Image")
        AUDIO = "audio", _("Sound")
        VIDEO = "video", _("Film")
        OTHER = "file", _("File")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    uploader = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="files")
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    kind = models.CharField(max_length=5, choices=Kind)
    size = models.BigIntegerField(help_text="bytes")
    width = models.PositiveIntegerField(null=True, help_text="pixels")
    height = models.PositiveIntegerField(null=True, help_text="pixels")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["sha256"], name="file_by_content"),
            models.Index(fields=["created_at"], name="file_by_time"),
        ]


class Attachment(models.Model):
    """A file on a post, in order, with the words for people who cannot see it; on one post at most."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="attachments")
    file = models.OneToOneField(File, on_delete=models.CASCADE, related_name="attachment")
    position = models.PositiveSmallIntegerField(default=0)
    alt = models.CharField(_("description"), max_length=500, blank=True)

    class Meta:
        ordering = ["position"]


class Draft(models.Model):
    """What a person has begun to write in a channel or thread; one each, private."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    root = models.ForeignKey(Post, null=True, on_delete=models.CASCADE, related_name="+")
    body = models.TextField()
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "channel", "root"], nulls_distinct=False, name="draft_once"),
        ]


class ScheduledPost(models.Model):
    """A post to be made later, by a job; its id is the post's `client_id`, so that it is made once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    author = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    root = models.ForeignKey(Post, null=True, on_delete=models.CASCADE, related_name="+")
    body = models.TextField()
    file_ids = ArrayField(models.UUIDField(), default=list)
    alts = ArrayField(models.CharField(max_length=500), default=list)
    send_at = models.DateTimeField()
    failed = models.CharField(max_length=300, blank=True, help_text="Why it could not be sent; empty while it waits.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["send_at"], condition=models.Q(failed=""), name="scheduled_due"),
            models.Index(fields=["author", "send_at"], name="scheduled_by_author"),
        ]
