"""The whole page of a conversation as HTML: its templates kept as pieces, filled in for each reader.

`_Looks` is all that the templates see. A value that differs from one reader, channel or moment to the next is a hole,
or "" where there is none of it; the rest are flags, so that a few dozen pages in pieces serve everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from csp.context_processors import nonce
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from tertulia.channels.access import Partner, Seat
from tertulia.channels.models import Visibility
from tertulia.channels.sidebar_html import rail_html, sidebar_html
from tertulia.kernel.ids import new_id
from tertulia.people.models import Person
from tertulia.posts import services
from tertulia.posts.forms import PostForm
from tertulia.posts.own import Reading
from tertulia.posts.remembered import Remembered
from tertulia.ui import context
from tertulia.ui.pieces import Kept, hole
from tertulia.ui.templatetags.ui import avatar

_PAGE = Kept("posts/channel.html")
_FACES = 3


class _Ui(NamedTuple):
    """As `ui.context.Page`, of which the templates see these."""

    theme: str
    density: str
    language: str
    direction: str
    pane: str
    zone: str = hole("zone")
    person: str = hole("person")
    scripts: bool = True


class _User(NamedTuple):
    pk: str = hole("person")
    picture_url: str = hole("picture")
    name: str = hole("reader")


class _Workspace(NamedTuple):
    slug: str = hole("home")


class _Place(NamedTuple):
    workspace: _Workspace = _Workspace()


class _Looks(NamedTuple):
    ui: _Ui
    pane: str
    may: str
    has_before: bool
    has_after: bool
    has_unread: bool
    is_empty: bool
    is_direct: bool
    is_private: bool
    is_archived: bool
    is_default: bool
    is_member: bool
    may_post: bool
    may_join: bool
    has_partners: bool
    start: str
    purpose: str
    header: str
    goal: str
    most_files: int = services.MAX_FILES
    longest: int = services.MAX_BODY
    user: _User = _User()
    place: _Place = _Place()
    workspace_slug: str = hole("home")
    workspace_name: str = hole("workspace")
    channel_id: str = hole("channel")
    slug: str = hole("slug")
    name: str = hole("name")
    url: str = hole("url")
    revision: str = hole("revision")
    last_seq: str = hole("lastseq")
    last_read_seq: str = hole("lastread")
    first_seq: str = hole("firstseq")
    newest_seq: str = hole("newestseq")
    member_count: str = hole("membercount")
    members: str = hole("members")
    why_not_post: str = hole("whynot")
    faces: str = hole("faces")
    client_id: str = hole("clientid")
    body: str = hole("body")
    rows: str = hole("rows")
    rail: str = hole("rail")
    sidebar: str = hole("sidebar")
    side: str = hole("side")
    folds: str = hole("folds")
    toasts: str = hole("toasts")
    csrf_token: str = hole("csrf")
    CSP_NONCE: str = hole("nonce")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What the page shows. `side`: HTML beside it; `form`: what could not be sent, instead of the draft."""

    seat: Seat
    reading: Reading
    posts: Remembered
    start: int | None = None
    side: str = ""
    form: PostForm | None = None


def conversation_html(request: HttpRequest, shown: Conversation) -> bytes:
    """The page for the reader, who is signed in, in the active zone and language."""
    seat, reading, page = shown.seat, shown.reading, shown.posts.page
    channel, workspace, person = seat.channel, seat.place.workspace, request.user
    assert isinstance(person, Person)
    ui = context.page(request)["ui"]
    why_not_post, csrf = seat.why_not_post, get_token(request)
    may_post = not why_not_post
    looks = _Looks(
        ui=_Ui(ui.theme, ui.density, ui.language, ui.direction, ui.pane),
        pane="side" if shown.side else "",
        may=" ".join(word for word, granted in (("moderate", seat.may_moderate), ("post", may_post)) if granted),
        has_before=page.has_before,
        has_after=page.has_after,
        has_unread=reading.unread.count > 0,
        is_empty=not page.posts,
        is_direct=seat.is_direct,
        is_private=channel.visibility == Visibility.PRIVATE,
        is_archived=channel.archived_at is not None,
        is_default=channel.is_default,
        is_member=seat.is_member,
        may_post=may_post,
        may_join=seat.may_join,
        has_partners=bool(seat.partners),
        start="" if shown.start is None else hole("start"),
        purpose=channel.purpose and hole("purpose"),
        header=channel.header_html and hole("header"),
        goal=workspace.goal and hole("goal"),
    )
    values = {
        "zone": ui.zone,
        "person": person.pk,
        "picture": person.picture_url,
        "reader": person.display_name,
        "home": workspace.slug,
        "workspace": workspace.name,
        "goal": workspace.goal,
        "channel": channel.pk,
        "slug": channel.slug,
        "name": seat.name,
        "url": channel.get_absolute_url(),
        "purpose": channel.purpose,
        "header": SafeString(channel.header_html),
        "revision": channel.revision,
        "lastseq": channel.last_seq,
        "lastread": reading.unread.last_read_seq,
        "firstseq": page.posts[0].seq if page.posts else "",
        "newestseq": page.posts[-1].seq if page.posts else "",
        "start": shown.start,
        "membercount": reading.member_count,
        "members": ngettext("%(n)s member", "%(n)s members", reading.member_count) % {"n": reading.member_count},
        "whynot": why_not_post,
        "faces": _faces(seat.partners),
        "clientid": _client_id(shown.form),
        "body": (shown.form["body"].value() or "") if shown.form else reading.draft,
        "rows": shown.posts.html(unread_seq=reading.unread.first_seq),
        "rail": rail_html(reading.sidebar),
        "sidebar": sidebar_html(request, reading.sidebar, csrf=csrf),
        "side": SafeString(shown.side),
        "folds": _folds(request, reading.blocked),
        "toasts": _toasts(request),
        "csrf": csrf,
        "nonce": _nonce(request),
    }
    return _PAGE.fill(looks, values)


def _faces(partners: Sequence[Partner]) -> SafeString:
    return SafeString("".join(avatar(partner.person, 24) for partner in partners[:_FACES]))


def _client_id(form: PostForm | None) -> SafeString:
    if form is not None:
        return SafeString(form["client_id"])
    return SafeString(f'<input type="hidden" name="client_id" value="{new_id()}" id="id_client_id">')


def _folds(request: HttpRequest, blocked: Sequence[str]) -> str:
    """The style that folds what people said whom the reader has blocked."""
    return render_to_string("posts/_folds.html", {"blocked": blocked, "nonce": _nonce(request)}) if blocked else ""


def _toasts(request: HttpRequest) -> str:
    waiting = get_messages(request)
    return render_to_string("ui/toasts.html", {"messages": waiting}, request) if waiting else ""


def _nonce(request: HttpRequest) -> str:
    return str(nonce(request)["CSP_NONCE"])
