"""The sidebar and the rail as HTML, for each page that has them beside it.

A page has dozens of rows, most of which are as they were a moment ago: each is kept by all that it shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language

from tertulia.channels.queries import RailRow, Row, Sidebar
from tertulia.people.models import Person
from tertulia.ui.pieces import Kept, hole
from tertulia.workspaces.access import Permission, may

SECTIONS = ("threads", "saved", "drafts")
"""Pages of `posts` that the sidebar leads to."""


class _Face(NamedTuple):
    pk: str = hole("person")
    picture_url: str = hole("picture")


class _RowLooks(NamedTuple):
    kind: str
    is_direct: bool
    is_private: bool
    is_current: bool
    stands_out: bool
    muted: bool
    draft: bool
    badge: str | int
    id: str = hole("id")
    url: str = hole("url")
    name: str = hole("name")
    root_count: str = hole("roots")
    last_seq: str = hole("seq")
    unread: str = hole("unread")
    mentions: str = hole("mentions")
    face: _Face = _Face()


class _May(NamedTuple):
    SEE_MEMBERS: bool
    INVITE: bool
    MANAGE_GROUPS: bool
    MANAGE_WORKSPACE: bool


class _User(NamedTuple):
    door_open: bool
    pk: str = hole("person")
    picture_url: str = hole("picture")
    handle: str = hole("handle")
    name: str = hole("name")


class _SidebarLooks(NamedTuple):
    may: _May
    may_browse: bool
    may_create: bool
    is_archived: bool
    goal: str
    has_favourites: bool
    has_channels: bool
    has_direct: bool
    current: str
    section: str
    user: _User
    slug: str = hole("slug")
    workspace_name: str = hole("workspacename")
    workspace_id: str = hole("workspace")
    favourites: str = hole("favourites")
    channels: str = hole("channels")
    direct: str = hole("direct")
    here: str = hole("here")
    csrf_token: str = hole("csrf")


_ROW = Kept("channels/_row.html", most=512)
_SIDEBAR = Kept("channels/_sidebar.html")


def rail_html(sidebar: Sidebar) -> bytes:
    """The reader's workspaces."""
    return _rail(tuple(sidebar.rail), sidebar.place.workspace.pk, get_language())


@lru_cache(maxsize=1024)
def _rail(rows: tuple[RailRow, ...], current: UUID, language: str | None) -> bytes:
    parts = b"".join(_rail_row(row, row.id == current, language) for row in rows)
    return parts + render_to_string("channels/_rail_end.html").encode()


@lru_cache(maxsize=4096)
def _rail_row(row: RailRow, is_current: bool, language: str | None) -> bytes:
    del language
    return render_to_string("channels/_rail_row.html", {"row": row, "is_current": is_current}).encode()


def sidebar_html(request: HttpRequest, sidebar: Sidebar, *, here: str = "", csrf: str = "") -> bytes:
    """The sidebar of the page at `here`, or at the request's own address. `csrf`: the token that the page has."""
    place, user = sidebar.place, request.user
    assert isinstance(user, Person)
    workspace = place.workspace
    looks = _SidebarLooks(
        may=_May(*(may(place, Permission[name]) for name in _May._fields)),
        may_browse=sidebar.may_browse,
        may_create=sidebar.may_create,
        is_archived=place.is_archived,
        goal=workspace.goal and hole("goal"),
        has_favourites=bool(sidebar.favourites),
        has_channels=bool(sidebar.channels),
        has_direct=bool(sidebar.direct),
        current=hole("current") if sidebar.current else "",
        section=_section(here or request.path, workspace.slug),
        user=_User(user.door_open),
    )
    values = {
        "slug": workspace.slug,
        "workspacename": workspace.name,
        "workspace": workspace.pk,
        "goal": workspace.goal,
        "current": sidebar.current,
        "favourites": rows_html(sidebar.favourites, sidebar.current),
        "channels": rows_html(sidebar.channels, sidebar.current),
        "direct": rows_html(sidebar.direct, sidebar.current),
        "person": user.pk,
        "picture": user.picture_url,
        "handle": user.handle,
        "name": user.display_name,
        "here": here or request.get_full_path(),
        "csrf": csrf or get_token(request),
    }
    return _SIDEBAR.fill(looks, values)


def rows_html(rows: Iterable[Row], current: UUID | None) -> bytes:
    """Rows of channels, one of which may be the one that is shown."""
    shown, language = str(current), get_language()
    return b"".join(_row(row, row.id == shown, language) for row in rows)


@lru_cache(maxsize=8192)
def _row(row: Row, is_current: bool, language: str | None) -> bytes:
    del language
    looks = _RowLooks(
        kind=row.kind,
        is_direct=row.is_direct,
        is_private=row.is_private,
        is_current=is_current,
        stands_out=row.stands_out,
        muted=row.muted,
        draft=row.draft,
        badge=hole("badge") if row.badge else 0,
    )
    values = {
        "id": row.id,
        "url": row.url,
        "name": row.name,
        "roots": row.root_count,
        "seq": row.last_seq,
        "unread": row.unread,
        "mentions": row.mentions,
        "badge": row.badge,
        "person": row.face.pk if row.face else "",
        "picture": row.face.picture_url if row.face else "",
    }
    return _ROW.fill(looks, values)


def _section(path: str, slug: str) -> str:
    return next((name for name in SECTIONS if path == _address(name, slug)), "")


@lru_cache(maxsize=1024)
def _address(section: str, slug: str) -> str:
    return reverse(f"posts:{section}", args=[slug])
