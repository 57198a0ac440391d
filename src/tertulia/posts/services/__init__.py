"""The verbs of posts. `create_posts` is the only code that makes posts; `post` is what a person does.

Every verb takes the actor first; those on an existing post take the post and the seat that `access.post` gave.
"""

from __future__ import annotations

from tertulia.posts.services.change import (
    MAX_EMOJI,
    MAX_PINS,
    UNDO_SECONDS,
    delete,
    edit,
    pin,
    react,
    undelete,
    unpin,
    unreact,
)
from tertulia.posts.services.create import create_posts
from tertulia.posts.services.emptying import empty_deleted
from tertulia.posts.services.files import discard_file, open_content, sweep_unused, thumbnail, upload_file
from tertulia.posts.services.importing import OldPin, OldReaction, mark_imported
from tertulia.posts.services.keeping import (
    discard_draft,
    reschedule,
    save,
    save_draft,
    schedule,
    send_due,
    send_now,
    unsave,
    unschedule,
)
from tertulia.posts.services.posting import Letter, Posted, check_may_post, post, post_all
from tertulia.posts.services.preparing import preview
from tertulia.posts.services.reading import follow_thread, mark_read, mark_thread_read, mark_unread_from
from tertulia.posts.services.records import MAX_ALT, MAX_BODY, MAX_FILES, NewPost, Outcome

__all__ = [
    "MAX_ALT",
    "MAX_BODY",
    "MAX_EMOJI",
    "MAX_FILES",
    "MAX_PINS",
    "UNDO_SECONDS",
    "Letter",
    "NewPost",
    "OldPin",
    "OldReaction",
    "Outcome",
    "Posted",
    "check_may_post",
    "create_posts",
    "delete",
    "discard_draft",
    "discard_file",
    "edit",
    "empty_deleted",
    "follow_thread",
    "mark_imported",
    "mark_read",
    "mark_thread_read",
    "mark_unread_from",
    "open_content",
    "pin",
    "post",
    "post_all",
    "preview",
    "react",
    "reschedule",
    "save",
    "save_draft",
    "schedule",
    "send_due",
    "send_now",
    "sweep_unused",
    "thumbnail",
    "undelete",
    "unpin",
    "unreact",
    "unsave",
    "unschedule",
    "upload_file",
]
