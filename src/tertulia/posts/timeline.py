"""A page of posts as a list: shared fragments, joined, with what belongs to this reader's page between them.

That is day lines, the unread line, and names only where somebody else begins to speak.
`static/posts/js/timeline.js` does the same for frames.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from tertulia.posts import fragments
from tertulia.posts.models import Kind
from tertulia.posts.states import PostState

TOGETHER = timedelta(minutes=5)
"""Posts of one person within this time stand under one name."""
_POST_CLASS = re.compile(r'class="post\b')
_ID = re.compile(r'\bid="post-')


def rows(posts: Sequence[PostState], *, unread_seq: int | None = None, beside: bool = False) -> SafeString:
    """The `<li>`s of a list, in the reader's zone (the active one).

    `unread_seq`: the place of the first unread post, before which the unread line goes. `beside`: for the side panel,
    whose elements have ids of their own, since a thread's first post stands in the conversation too.
    """
    zone = timezone.get_current_timezone()
    assert isinstance(zone, ZoneInfo)
    parts: list[str] = []
    before: PostState | None = None
    day: date | None = None
    for post in posts:
        its_day = post.created_at.astimezone(zone).date()
        first_unread = unread_seq is not None and post.seq == unread_seq
        if its_day != day:
            parts.append(_day_line(its_day, post))
        if first_unread:
            parts.append(format_html('<li class="unread-line" id="unread"><span>{}</span></li>', _("New")))
        fragment: str = fragments.article(post)
        if its_day == day and not first_unread and before is not None and _follows(before, post):
            fragment = _POST_CLASS.sub('class="post follow', fragment, count=1)
        if beside:
            fragment = _ID.sub('id="side-post-', fragment, count=1)
        parts.append(fragment)
        before, day = post, its_day
    return mark_safe(fragments.localise("".join(parts), zone))  # noqa: S308 - fragments and format_html only


def _follows(before: PostState, post: PostState) -> bool:
    return (
        before.author.id == post.author.id
        and before.kind == post.kind == Kind.MESSAGE
        and post.created_at - before.created_at < TOGETHER
    )


def _day_line(day: date, post: PostState) -> str:
    words = date_format(day, "l j F" if day.year == timezone.localdate().year else "l j F Y")
    return format_html('<li class="day-line"><time datetime="{}">{}</time></li>', post.created_at.isoformat(), words)
