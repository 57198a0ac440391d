"""The HTML of one post: the same bytes for everybody, so that it is made once for a page, a frame and a memory of both.

No token, no viewer, nobody's time zone. Its few words are in the installation's language; the reader's own zone comes
on the way out (`localise`), the reader's own marks by CSS and scripts. Plain strings instead of a template, because a
page is fifty of these: measured, 48 microseconds each, where Django's templates took 870. Everything that people chose
goes through `escape`, except `state.html`, which `kernel.rich_text` made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from html import escape
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, gettext_noop, ngettext

from tertulia.posts.models import File, Kind
from tertulia.posts.states import Attached, Author, PostState, Reacted, profile_url
from tertulia.ui.icons import icon_svg
from tertulia.ui.templatetags.ui import file_size, time_tag
from tertulia.workspaces.models import Role

THUMBNAIL = 480
"""Width of pictures in a conversation, in CSS pixels; twice that is made for dense screens."""
TALLEST = 320
_PLAIN_ROLES = {Role.LEARNER, Role.GUEST}
_ = gettext_noop  # `_say` translates later, into the installation's language


@lru_cache(maxsize=4096)
def article(state: PostState) -> SafeString:
    """One post as a list item; docs/architecture.md, "The fragment of a post", says what can be relied on.

    Kept by all that it shows, so that who renames themselves is at once another author.
    """
    if state.kind == Kind.SYSTEM:
        inside = f"{_icon('info', size=16)}<span>{state.html}</span> {_time(state.created_at)}"
        return SafeString(f'<li class="system-line"{_attributes(state)}>{inside}</li>')
    if state.deleted:
        words = _say(_("Deleted by its author.")) if state.deleted_by_author else _say(_("Removed by a moderator."))
        inside = f'{_head(state)}<p class="tombstone">{words}</p>{_thread(state)}{_actions(state)}'
        return SafeString(f'<li class="post deleted"{_attributes(state)} data-deleted>{inside}</li>')
    inside = "".join(
        (
            _head(state),
            f'<div class="prose" dir="auto">{state.html}</div>' if state.html else "",
            _attachments(state.attachments),
            _reactions(state.reactions),
            _thread(state),
            _actions(state),
        )
    )
    pinned = " data-pinned" if state.pinned else ""
    return SafeString(f'<li class="post"{_attributes(state)}{pinned}>{inside}</li>')


def joined(states: Iterable[PostState]) -> SafeString:
    """Posts one after the other."""
    return SafeString("\n".join(map(article, states)))


_TIME = re.compile(r'<time datetime="([^"]+)" data-style="(\w+)">[^<]*</time>')


class Moment:
    """A time whose words change as time goes by, in a reader's zone and language."""

    def __init__(self, moment: str, style: str, zone: ZoneInfo, language: str) -> None:
        self._local = datetime.fromisoformat(moment).astimezone(zone)
        self._named = (moment, style, zone, language)

    def words(self, now: datetime) -> bytes:
        """The `<time>` as it reads `now`, which is in the reader's zone."""
        # Words change with whole minutes, as clocks on the wall count them, and with the year.
        minutes = (now.replace(tzinfo=None) - self._local.replace(tzinfo=None)) // _MINUTE
        return _passing(self._named, minutes, now.year)


_MINUTE = timedelta(minutes=1)


def pieces(html: str, zone: ZoneInfo) -> Iterator[bytes | Moment]:
    """Fragments with the words of every `<time>` in the reader's zone and language, cut where those will change."""
    language = get_language() or settings.LANGUAGE_CODE
    steady: list[str] = []
    end = 0
    for found in _TIME.finditer(html):
        steady.append(html[end : found.start()])
        end = found.end()
        moment, style = found.groups()
        if style == "time":  # the same for ever, and most of them
            steady.append(_kept(moment, style, zone, language))
        else:
            yield "".join(steady).encode()
            steady = []
            yield Moment(moment, style, zone, language)
    yield "".join([*steady, html[end:]]).encode()


def localise(html: str, zone: ZoneInfo) -> SafeString:
    """Fragments with the words of every `<time>` as the reader reads them now."""
    now = timezone.localtime(timezone=zone)
    parts = (piece if isinstance(piece, bytes) else piece.words(now) for piece in pieces(html, zone))
    return SafeString(b"".join(parts).decode())


@lru_cache(maxsize=20_000)
def _kept(moment: str, style: str, zone: ZoneInfo, language: str) -> str:
    del language  # only tells kept words of different languages apart
    return _fresh(moment, style, zone)


@lru_cache(maxsize=20_000)
def _passing(named: tuple[str, str, ZoneInfo, str], minutes: int, year: int) -> bytes:
    del minutes, year  # tell kept words of different ages apart
    moment, style, zone, _language = named
    return _fresh(moment, style, zone).encode()


def _fresh(moment: str, style: str, zone: ZoneInfo) -> str:
    with timezone.override(zone):
        return time_tag(datetime.fromisoformat(moment), style)


@lru_cache(maxsize=32)
def _icon(name: str, size: int = 20) -> str:
    return str(icon_svg(name, size=size))


@lru_cache(maxsize=256)
def _say(text: str) -> str:
    with translation.override(settings.LANGUAGE_CODE):
        return escape(gettext(text))


@lru_cache(maxsize=1024)
def _replies(count: int) -> str:
    with translation.override(settings.LANGUAGE_CODE):
        return escape(ngettext("%(count)s reply", "%(count)s replies", count) % {"count": count})


@lru_cache(maxsize=4096)
def _size(size: int) -> str:
    with translation.override(settings.LANGUAGE_CODE):
        return escape(file_size(size))


@lru_cache(maxsize=16)
def _badge(role: str | None) -> str:
    if role is None or role in _PLAIN_ROLES:
        return ""
    with translation.override(settings.LANGUAGE_CODE):
        return f' <span class="badge" data-role="{role}">{escape(str(Role(role).label))}</span>'


def _attributes(state: PostState) -> str:
    return (
        f' id="post-{state.id}" data-post="{state.id}" data-seq="{state.seq}" data-revision="{state.revision}"'
        f' data-channel="{state.channel_id}" data-author="{state.author.id}" data-root="{state.root_id or ""}"'
        f' data-created="{_iso(state.created_at)}" data-kind="{state.kind}"'
    )


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _time(moment: datetime, style: str = "time") -> str:
    iso = _iso(moment)
    return f'<time datetime="{iso}" data-style="{style}">{iso[11:16] if style == "time" else iso[:10]}</time>'


def _avatar(author: Author, size: int) -> str:
    return (
        f'<span class="avatar" data-presence="{author.id}"><img src="{escape(author.picture_url)}" alt=""'
        f' width="{size}" height="{size}" loading="lazy" decoding="async"></span>'
    )


def _head(state: PostState) -> str:
    author = state.author
    profile = profile_url(author.handle)
    marks = ""
    if state.edited_at is not None:
        marks += f' <span class="post-mark">{_say(_("edited"))}</span>'
    if state.pinned:
        marks += f' <span class="post-mark">{_icon("pin", size=14)}{_say(_("pinned"))}</span>'
    return (
        f'<a class="post-avatar" href="{profile}" tabindex="-1" aria-hidden="true">{_avatar(author, 36)}</a>'
        f'<header class="post-head"><a class="name" href="{profile}"><bdi>{escape(author.name)}</bdi></a>'
        f"{_badge(author.role)}"
        f' <a class="post-time" href="{state.url}">{_time(state.created_at)}</a>{marks}</header>'
    )


def _attachments(attachments: tuple[Attached, ...]) -> str:
    if not attachments:
        return ""
    return f'<ul class="attachments">{"".join(map(_attachment, attachments))}</ul>'


def _attachment(file: Attached) -> str:
    url, name = escape(file.url), escape(file.name)
    if file.kind == File.Kind.IMAGE and file.width and file.height:
        return f'<li class="attachment image"><a href="{url}">{_image(file, url)}</a></li>'
    if file.kind in {File.Kind.AUDIO, File.Kind.VIDEO}:
        tag = "audio" if file.kind == File.Kind.AUDIO else "video"
        label = escape(file.alt) or name
        return (
            f'<li class="attachment media"><{tag} controls preload="none" src="{url}" aria-label="{label}"></{tag}>'
            f'<a class="file-name" href="{url}" download>{name}</a></li>'
        )
    ending = escape(file.name.rpartition(".")[2].upper()) if "." in file.name else _say(_("File"))
    return (
        f'<li class="attachment file"><a class="file-card" href="{url}" download>{_icon("file-text")}'
        f'<span class="file-name">{name}</span><span class="file-note">{ending}, {_size(file.size)}</span></a></li>'
    )


def _image(file: Attached, url: str) -> str:
    assert file.width is not None
    assert file.height is not None
    scale = min(1, THUMBNAIL / file.width, TALLEST / file.height)
    shown = f'width="{max(1, round(file.width * scale))}" height="{max(1, round(file.height * scale))}"'
    alt = escape(file.alt or file.name)  # the picture is a link, which needs words
    if file.content_type == "image/gif" or file.width <= THUMBNAIL:
        source = f'src="{url}"'
    else:
        source = f'src="{url}?w={THUMBNAIL}" srcset="{url}?w={THUMBNAIL} 1x, {url}?w={2 * THUMBNAIL} 2x"'
    return f'<img {source} {shown} alt="{alt}" loading="lazy" decoding="async">'


def _reactions(reactions: tuple[Reacted, ...]) -> str:
    if not reactions:
        return ""
    add = (
        f'<li><button type="button" class="reaction add only-scripts" data-react-add'
        f' aria-label="{_say(_("Add a reaction"))}">{_icon("smile-plus", size=18)}</button></li>'
    )
    return f'<ul class="reactions">{"".join(map(_reaction, reactions))}{add}</ul>'


def _reaction(reaction: Reacted) -> str:
    names = ", ".join(reaction.names)
    if reaction.count > len(reaction.names):
        names += f" +{reaction.count - len(reaction.names)}"
    names = escape(names)
    return (
        f'<li><button type="button" class="reaction" data-react="{reaction.emoji}"'
        f' data-people="{" ".join(map(str, reaction.person_ids))}" title="{names}"'
        f' aria-label="{reaction.emoji} {reaction.count}: {names}">'
        f'{reaction.emoji} <span class="reaction-count">{reaction.count}</span></button></li>'
    )


def _thread(state: PostState) -> str:
    if not state.reply_count or state.last_reply_at is None:
        return ""
    faces = "".join(_avatar(author, 20) for author in state.repliers)
    return (
        f'<a class="thread-summary" href="{escape(state.thread_url)}">{faces}'
        f'<span dir="auto">{_replies(state.reply_count)}</span>'
        f" {_time(state.last_reply_at, 'relative')}</a>"
    )


def _actions(state: PostState) -> str:
    """Only what is everybody's; the menu, which the server makes for its reader, has the rest."""
    buttons = ""
    if not state.deleted:
        buttons += (
            f'<button type="button" class="button icon-only quiet small only-scripts" data-react-add'
            f' aria-label="{_say(_("Add a reaction"))}">{_icon("smile-plus")}</button>'
        )
        if state.root_id is None:
            buttons += (
                f'<a class="button icon-only quiet small" href="{escape(state.thread_url)}" data-side'
                f' aria-label="{_say(_("Reply in a thread"))}">{_icon("message-square-reply")}</a>'
            )
    return (
        f'<div class="post-actions">{buttons}'
        f'<a class="button icon-only quiet small" href="{state.url}/actions" data-post-menu'
        f' aria-label="{_say(_("Actions for this post"))}">{_icon("ellipsis")}</a></div>'
    )
