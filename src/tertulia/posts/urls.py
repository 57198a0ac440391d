"""Addresses of conversations, posts and files."""

from __future__ import annotations

from django.urls import path
from django.utils.translation import gettext_lazy as _

from tertulia.posts import file_pages, services
from tertulia.posts.pages import acting, composing, conversation, own

app_name = "posts"

urlpatterns = [
    path("w/<slug:slug>/c/<slug:channel_slug>", conversation.channel, name="channel"),
    path("w/<slug:slug>/c/<slug:channel_slug>/posts", conversation.part, name="part"),
    path("w/<slug:slug>/c/<slug:channel_slug>/t/<uuid:post_id>", conversation.thread, name="thread"),
    path("w/<slug:slug>/c/<slug:channel_slug>/t/<uuid:post_id>/posts", conversation.thread_part, name="thread_part"),
    path("w/<slug:slug>/c/<slug:channel_slug>/pins", conversation.pins, name="pins"),
    path("w/<slug:slug>/c/<slug:channel_slug>/read", acting.read, name="read"),
    path("w/<slug:slug>/c/<slug:channel_slug>/suggest", composing.suggest, name="suggest"),
    path("w/<slug:slug>/preview", composing.preview, name="preview"),
    path("w/<slug:slug>/saved", own.saved, name="saved"),
    path("w/<slug:slug>/threads", own.threads, name="threads"),
    path("w/<slug:slug>/drafts", own.drafts, name="drafts"),
    path("w/<slug:slug>/drafts/<int:draft_id>/discard", own.discard_draft, name="discard_draft"),
    path("w/<slug:slug>/scheduled/<uuid:scheduled_id>/cancel", own.unschedule, name="unschedule"),
    path("w/<slug:slug>/scheduled/<uuid:scheduled_id>/send", own.send_now, name="send_now"),
    path("posts/<uuid:post_id>", conversation.permalink, name="permalink"),
    path("posts/<uuid:post_id>/actions", acting.actions, name="actions"),
    path("posts/<uuid:post_id>/edit", acting.edit, name="edit"),
    path("posts/<uuid:post_id>/history", acting.history, name="history"),
    path("posts/<uuid:post_id>/react", acting.react, name="react"),
    path("posts/<uuid:post_id>/delete", acting.delete, name="delete"),
    path("posts/<uuid:post_id>/undelete", acting.verb(services.undelete, _("The message is back.")), name="undelete"),
    path("posts/<uuid:post_id>/pin", acting.verb(services.pin, _("Pinned."), undo="unpin"), name="pin"),
    path("posts/<uuid:post_id>/unpin", acting.verb(services.unpin, _("No longer pinned."), undo="pin"), name="unpin"),
    path(
        "posts/<uuid:post_id>/save",
        acting.verb(services.save, _("Saved for later."), undo="unsave", seated=False),
        name="save",
    ),
    path(
        "posts/<uuid:post_id>/unsave",
        acting.verb(services.unsave, _("No longer saved."), undo="save", seated=False),
        name="unsave",
    ),
    path(
        "posts/<uuid:post_id>/unread",
        acting.verb(services.mark_unread_from, _("Marked as unread from here.")),
        name="unread",
    ),
    path("posts/<uuid:post_id>/follow", acting.following(follow=True), name="follow"),
    path("posts/<uuid:post_id>/unfollow", acting.following(follow=False), name="unfollow"),
    path("emoji", composing.emoji_picker, name="emoji"),
    path("files/<uuid:file_id>/<str:name>", file_pages.file, name="file"),
]
