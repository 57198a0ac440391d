"""Pages of posts that this process remembers, so that fifty posts are not read and written anew for each reader.

What is remembered is the same for everybody, and is given out only when it is current. Who asks has just read the
channel's row and what the page shows of people: every change of a post raises the channel's revision, in the order of
the commits; names, handles, pictures and roles are compared themselves; and addresses are part of the key. So nothing
has to be told when it changes, and there is nothing that could be forgotten to be told.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypedDict
from uuid import UUID

import msgspec
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language

from tertulia.channels.access import Seat
from tertulia.kernel.prepared import fetch
from tertulia.posts import own, queries
from tertulia.posts.queries import Page, PostState
from tertulia.posts.timeline import Timeline

SIZE = 50
MOST = 200
"""Pages; one has some 300 kilobytes."""
_FEW = 100
"""More changes than these are read as a new page."""
_TIMELINES = 8


class Edges(TypedDict, total=False):
    """Which part of a list: one of these, or none for its newest."""

    before: int
    after: int
    around: int


_Key = tuple[UUID, str, str, tuple[tuple[str, object], ...]]


@dataclass(slots=True)
class Remembered:
    """A page as of `revision`. `people` are the ids of those whom it shows, `signs` what it shows of them."""

    page: Page
    revision: int
    people: str
    signs: str
    _timelines: dict[tuple[object, ...], Timeline] = field(default_factory=dict)

    @property
    def shown(self) -> set[UUID]:
        """The people of whom something is on it."""
        return {person_id for post in self.page.posts for person_id in _shown(post)}

    def html(self, *, unread_seq: int | None = None) -> bytes:
        """Its list, as the reader in the active zone and language sees it."""
        key = (timezone.get_current_timezone_name(), get_language(), timezone.localdate().year)
        timeline = self._timelines.get(key)
        if timeline is None:
            if len(self._timelines) >= _TIMELINES:
                self._timelines.clear()
            timeline = self._timelines[key] = Timeline(self.page.posts)
        return timeline.html(unread_seq=unread_seq)

    def part(self) -> bytes:
        """Its list alone, for scripts, and whether there is more on either side."""
        # As `posts/_part.html`, without the cost of a template.
        before, after = self.page.has_before, self.page.has_after
        begin = f'<ol class="posts" {"data-has-before" if before else ""} {"data-has-after" if after else ""}>'
        return b"".join((begin.encode(), self.html(), b"</ol>\n"))


_pages: OrderedDict[_Key, Remembered] = OrderedDict()
_lock = threading.Lock()  # of `_pages`; what is in it does not change


def read(seat: Seat, edges: Edges) -> tuple[own.Reading, Remembered]:
    """A page of a channel, and what is its reader's own beside it. One query where the page is remembered."""
    known = _known(_key(seat, edges))
    reading = own.reading(seat, known.people if known else "{}")
    return reading, _current(seat, edges, known, reading.people)


def page(seat: Seat, edges: Edges) -> Remembered:
    """A page of a channel alone. One query where it is remembered."""
    known = _known(_key(seat, edges))
    return _current(seat, edges, known, _signs(seat, known.people) if known else "")


def _current(seat: Seat, edges: Edges, known: Remembered | None, signs: str) -> Remembered:
    """The page, which is remembered where it has these signs and the channel's revision."""
    if known is None or known.signs != signs:
        return _keep(_key(seat, edges), _new(seat, edges))
    if known.revision >= seat.channel.revision:
        return known
    return _keep(_key(seat, edges), _new(seat, edges) if edges else _newest_since(seat, known))


def forget() -> None:
    """Remember nothing, as a new process."""
    with _lock:
        _pages.clear()


def _key(seat: Seat, edges: Edges) -> _Key:
    # Addresses of threads have both slugs in them.
    return (seat.channel.pk, seat.place.workspace.slug, seat.channel.slug, tuple(edges.items()))


def _known(key: _Key) -> Remembered | None:
    if settings.DEBUG:
        return None
    with _lock:
        found = _pages.get(key)
        if found is not None:
            _pages.move_to_end(key)
        return found


def _keep(key: _Key, made: Remembered) -> Remembered:
    with _lock:
        _pages[key] = made
        _pages.move_to_end(key)
        while len(_pages) > MOST:
            _pages.popitem(last=False)
    return made


def _new(seat: Seat, edges: Edges) -> Remembered:
    return _made(seat, queries.page(seat.channel.pk, **edges, limit=SIZE), seat.channel.revision)


def _newest_since(seat: Seat, known: Remembered) -> Remembered:
    """The newest page again, with what changed since: a busy channel changes between any two readers."""
    changed = queries.changes(seat.channel.pk, since_revision=known.revision, limit=_FEW)
    if len(changed) == _FEW:
        return _new(seat, {})
    posts = {post.seq: post for post in known.page.posts}
    oldest = min(posts, default=0)
    posts |= {post.seq: post for post in changed if post.root_id is None and post.seq >= oldest}
    whole = [posts[seq] for seq in sorted(posts)]
    newest = Page(whole[-SIZE:], known.page.has_before or len(whole) > SIZE, has_after=False)
    return _made(seat, newest, max([seat.channel.revision, *(post.revision for post in changed)]))


def _made(seat: Seat, found: Page, revision: int) -> Remembered:
    """The page together with the signs of its people, where nobody changed while it was read."""
    people = _array({person_id for post in found.posts for person_id in _shown(post)})
    signs = _signs(seat, people)
    if not _agree(found.posts, signs):
        signs = ""  # equal to no signs of anybody: read again by whoever comes next
    return Remembered(found, revision, people, signs)


def _shown(post: PostState) -> Iterable[UUID]:
    yield post.author.id
    for replier in post.repliers:
        yield replier.id
    for reaction in post.reactions:
        yield from reaction.person_ids[: len(reaction.names)]


def _array(ids: set[UUID]) -> str:
    return f"{{{','.join(sorted(map(str, ids)))}}}"


def _signs(seat: Seat, people: str) -> str:
    rows = fetch(f"SELECT {own.SIGNS}", {"workspace": seat.channel.workspace_id, "people": people})
    return rows[0][0] or ""


_decode = msgspec.json.Decoder(list[tuple[UUID, str, str, str, str | None]]).decode


def _agree(posts: Sequence[PostState], signs: str) -> bool:
    """Whether these posts show of people what the signs say, which were read a moment later."""
    known = {person_id: rest for person_id, *rest in _decode(signs or "[]")}
    for post in posts:
        author = post.author
        if known.get(author.id) != [author.handle, author.name, author.picture, author.role]:
            return False
        for replier in post.repliers:
            if known.get(replier.id, [])[:3] != [replier.handle, replier.name, replier.picture]:
                return False
        for reaction in post.reactions:
            for person_id, name in zip(reaction.person_ids, reaction.names, strict=False):
                if known.get(person_id, [])[1:2] != [name]:
                    return False
    return True
