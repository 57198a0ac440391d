"""The template tags of every page (built in: no `{% load %}`). `ui/README.md` lists them with examples."""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import Any

from django import template
from django.template.loader import render_to_string, select_template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince
from django.utils.translation import get_language_bidi, pgettext
from django.utils.translation import gettext as _

from tertulia.ui import modules
from tertulia.ui.icons import icon_svg

register = template.Library()

HUES = 8  # `.monogram[data-hue]` in people.css has as many
DAY = 86_400


@register.simple_tag
def icon(name: str, label: str = "", size: int = 20) -> SafeString:
    """An icon as inline SVG; decorative unless it has a label."""
    return icon_svg(name, label=label, size=size)


@register.simple_tag
def avatar(person: Any, size: int = 36, alt: str = "") -> SafeString:
    """A person's picture, `size` CSS pixels wide. `alt` only where the name does not stand beside it."""
    return format_html(
        '<span class="avatar" data-presence="{}">'
        '<img src="{}" alt="{}" width="{}" height="{}" loading="lazy" decoding="async"></span>',
        person.pk,
        person.picture_url,
        alt,
        size,
        size,
    )


@register.simple_tag
def person_name(person: Any) -> SafeString:
    """A person's name, kept from disturbing text of the other direction around it."""
    return format_html('<bdi class="name">{}</bdi>', str(person))


@register.simple_tag
def monogram(name: str) -> SafeString:
    """A coloured square with up to two initials; the same name always has the same colour."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalnum()] or [name or "?"]
    initials = (words[0][0] + words[1][0]) if len(words) > 1 else words[0][:2]
    hue = zlib.crc32(name.encode()) % HUES
    return format_html('<span class="monogram" data-hue="{}" aria-hidden="true">{}</span>', hue, initials.upper())


@register.simple_tag
def time_tag(moment: datetime | None, style: str = "time") -> SafeString:
    """`<time>` in the reader's zone. Styles: `time` 14:05, `day` Tuesday 3 June, `full` both, `relative` 5 minutes ago.

    Nothing for no moment, so that templates need no `if`.
    """
    if moment is None:
        return mark_safe("")
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" data-style="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        style,
        _full(local),
        _in_words(local, style),
    )


def _full(local: datetime) -> str:
    return formats.date_format(local, pgettext("full date and time", "j F Y, H:i"))


def _in_words(local: datetime, style: str) -> str:
    now = timezone.localtime()
    if style == "time":
        return local.strftime("%H:%M")
    if style == "full":
        return _full(local)
    if style == "relative":
        age = (now - local).total_seconds()
        if 0 <= age < 60:  # noqa: PLR2004 - a minute
            return _("just now")
        if 0 <= age < 7 * DAY:
            return _("%(time)s ago") % {"time": timesince(local, now, depth=1)}
    elif style != "day":
        raise template.TemplateSyntaxError(f"time_tag knows time, day, full and relative, not {style!r}.")
    this_year = local.year == now.year
    if style == "day":
        return formats.date_format(
            local, pgettext("day", "l j F") if this_year else pgettext("day with year", "l j F Y")
        )
    return formats.date_format(
        local, pgettext("short day", "j M") if this_year else pgettext("short day with year", "j M Y")
    )


@register.simple_tag
def empty_state(icon: str, title: str, text: str = "", href: str = "", action: str = "") -> SafeString:
    """An empty page or list that says what to do next."""
    context = {"icon": icon, "title": title, "text": text, "href": href, "action": action}
    return render_to_string("ui/empty_state.html", context)


@register.simple_block_tag
def dialog(content: str, id: str, title: str) -> SafeString:  # noqa: A002 - reads as HTML does
    """A native dialogue with a head and a close button, opened by `data-dialog="id"`."""
    return render_to_string("ui/dialog.html", {"content": content, "id": id, "title": title})


@register.simple_block_tag
def menu(
    content: str,
    id: str,  # noqa: A002 - reads as HTML does
    *,
    label: str,
    icon: str = "ellipsis",
    css: str = "icon-only quiet",
    text: str = "",
) -> SafeString:
    """A button and the popover that it opens; works without scripts. `text` shows beside the icon."""
    context = {"content": content, "id": id, "label": label, "icon": icon, "css": css, "text": text}
    return render_to_string("ui/menu.html", context)


@register.simple_tag(takes_context=True)
def include_first(context: template.Context, *names: str) -> str:
    """Includes the first of these templates that exists, so that a package above can fill a place in `ui`'s pages."""
    chosen = select_template(names).template
    return str(chosen.render(context))


@register.simple_tag
def import_map() -> SafeString:
    """The page's import map, as JSON."""
    return mark_safe(modules.import_map())  # noqa: S308 - static paths only, `<` escaped


@register.simple_tag
def module(name: str) -> SafeString:
    """Loads one of our browser modules by its bare name. An unknown name fails loudly."""
    known = modules.own_modules()
    if name not in known:
        raise template.TemplateSyntaxError(f"There is no browser module {name!r}; there are: {', '.join(known)}.")
    return format_html('<script type="module" src="{}"></script>', static(known[name]))


@register.filter
def undo_url(message: Any) -> str:
    """The URL that undoes what a Django message tells of (`extra_tags="undo=/url"`), or ''."""
    for tag in (message.extra_tags or "").split():
        if tag.startswith("undo=/") and not tag.startswith("undo=//"):
            return str(tag.removeprefix("undo="))
    return ""


@register.filter
def isolated(text: Any) -> Any:
    """Words in their own direction on pages read from the right, where no element can say so, as in an <option>
    (isolates, Unicode UAX 9). Not on others: `<bdi>` is better where it may stand.
    """
    return format_html("\u2068{}\u2069", text) if get_language_bidi() else text


@register.filter
def file_size(value: int) -> str:
    """Bytes in words: 1.4 MB."""
    units = [_("bytes"), _("KB"), _("MB"), _("GB")]
    power = min(len(str(abs(int(value)))) - 1, 9) // 3  # decimal, as people's systems count files
    size = value / 1000**power
    digits = 1 if power and size < 100 else 0  # noqa: PLR2004 - 340 MB, but 3.4 MB
    return f"{formats.number_format(round(size, digits), digits)} {units[power]}"


# The order matters: every browser claims to be some of the others.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox": "Firefox",
    "Chrom": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "Linux": "Linux",
}


@register.filter
def browser_name(user_agent: str) -> str:
    """The gist of a User-Agent header, for people who look for the session that is not theirs: Firefox, Linux."""
    browser = next((name for sign, name in BROWSERS.items() if sign in user_agent), "")
    system = next((name for sign, name in SYSTEMS.items() if sign in user_agent), "")
    return ", ".join(filter(None, (browser, system))) or user_agent[:60] or _("Unknown browser")
