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
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tertulia.posts import fragments
from tertulia.posts.models import Kind
from tertulia.posts.states import PostState

TOGETHER = timedelta(minutes=5)
"""Posts of one person within this time stand under one name."""
_POST_CLASS = re.compile(r'class="post\b')
_FOLLOWS = re.compile(rb'\A<li class="post follow')
_ID = re.compile(r'\bid="post-')


class Timeline:
    """The `<li>`s of a list in one zone and language (the active ones), to be given out as often as wanted.

    `beside`: for the side panel, whose elements have ids of their own, since a thread's first post stands in the
    conversation too.
    """

    def __init__(self, posts: Sequence[PostState], *, beside: bool = False) -> None:
        self.zone = _zone()
        self._parts: list[bytes] = []
        self._moments: list[tuple[int, fragments.Moment]] = []  # whose words change as time goes by, and where they go
        self._begins: dict[int, int] = {}  # the place of a post -> the part that begins with it
        before: PostState | None = None
        day: date | None = None
        for post in posts:
            its_day = post.created_at.astimezone(self.zone).date()
            if its_day != day:
                self._parts.append(_day_line(its_day, post).encode())
            fragment: str = fragments.article(post)
            if its_day == day and before is not None and _follows(before, post):
                fragment = _POST_CLASS.sub('class="post follow', fragment, count=1)
            if beside:
                fragment = _ID.sub('id="side-post-', fragment, count=1)
            self._add(post.seq, fragment)
            before, day = post, its_day

    def html(self, *, unread_seq: int | None = None) -> bytes:
        """As it reads now. `unread_seq`: the place of the first unread post, before which the unread line goes."""
        parts = self._parts.copy()
        if self._moments:
            now = timezone.localtime(timezone=self.zone)
            for place, moment in self._moments:
                parts[place] = moment.words(now)
        if unread_seq is not None and unread_seq in self._begins:
            place = self._begins[unread_seq]
            line = format_html('<li class="unread-line" id="unread"><span>{}</span></li>', _("New"))
            parts[place] = line.encode() + _FOLLOWS.sub(b'<li class="post', parts[place])
        return b"".join(parts)

    def _add(self, seq: int, fragment: str) -> None:
        self._begins[seq] = len(self._parts)
        for piece in fragments.pieces(fragment, self.zone):
            if isinstance(piece, bytes):
                self._parts.append(piece)
            else:
                self._moments.append((len(self._parts), piece))
                self._parts.append(b"")


def rows(posts: Sequence[PostState], *, unread_seq: int | None = None, beside: bool = False) -> SafeString:
    """A list that is given out once."""
    return SafeString(Timeline(posts, beside=beside).html(unread_seq=unread_seq).decode())


def _zone() -> ZoneInfo:
    zone = timezone.get_current_timezone()
    assert isinstance(zone, ZoneInfo)
    return zone


def _follows(before: PostState, post: PostState) -> bool:
    return (
        before.author.id == post.author.id
        and before.kind == post.kind == Kind.MESSAGE
        and post.created_at - before.created_at < TOGETHER
    )


def _day_line(day: date, post: PostState) -> str:
    words = date_format(day, "l j F" if day.year == timezone.localdate().year else "l j F Y")
    return format_html('<li class="day-line"><time datetime="{}">{}</time></li>', post.created_at.isoformat(), words)
