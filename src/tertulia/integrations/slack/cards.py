"""What hangs on a Slack message - files, previews of links, quoted messages, bots' boxes - as quoted Markdown cards.

Files are linked, not copied: their bytes are not in an export.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tertulia.integrations.slack.inline import Inline, Names, link
from tertulia.integrations.slack.markup import fence, protected, to_markdown
from tertulia.integrations.slack.records import SlackAttachment, SlackFile

PREVIEW = 300  # characters of a link's description that are kept; the link leads to the rest
LINE = 200  # characters of a line of code that are kept
_SENTENCE_ENDS = ".!?…:)\"'”’"
_FULL = 150  # characters; a description that is shorter was not cut off by Slack
# Snippets that are read as text, not as code.
_PROSE = frozenset({"text", "post", "email", "markdown"})
# Filled in by a script that Slack did not run.
_UNFILLED = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_PICTURES = {
    "📄": ("text", "post", "email", "markdown", "pdf", "doc", "docx", "gdoc", "odt", "rtf", "pages"),
    "📊": ("csv", "tsv", "xls", "xlsx", "gsheet", "numbers", "ods", "gpres", "ppt", "pptx", "key", "odp"),
    "🖼️": ("png", "jpg", "jpeg", "gif", "webp", "svg", "heic", "bmp", "tiff", "psd"),
    "🎧": ("mp3", "m4a", "wav", "ogg", "flac", "aac"),
    "🎬": ("mp4", "mov", "webm", "avi", "mkv", "wmv"),
}
_PICTURE = {filetype: picture for picture, filetypes in _PICTURES.items() for filetype in filetypes}


def file_card(file: SlackFile) -> str:
    """A shared file: its name and link, kind and size, and the beginning of a snippet."""
    about = [file.kind or file.filetype.upper(), filesizeformat(file.size) if file.size else ""]
    if file.mode in ("tombstone", "hidden_by_limit") or not (file.name or file.title or file.link):
        about = [_("no longer there")]
    name = f"{_PICTURE.get(file.filetype, '📎')} {_file_name(file)}"
    lines = [" · ".join([name, *(_plain(part) for part in about if part)]), *_snippet(file)]
    return quoted(line for line in lines if line)


def file_reference(file: SlackFile) -> str:
    """A file that somebody commented on."""
    return quoted([_("On the file %(file)s") % {"file": _file_name(file)}])


def attachment_card(item: SlackAttachment, names: Names) -> str:
    """An attachment as a quoted card; empty when it says nothing that the message itself does not."""
    if item.is_quote:
        return _quote_card(item, names)
    if item.is_preview:
        return _preview_card(item)
    return _bot_card(item, names)


def quoted(lines: Iterator[str] | list[str]) -> str:
    """The lines as a Markdown quotation; a line may hold several."""
    return "\n".join(f"> {line}".rstrip() for text in lines for line in text.split("\n"))


def _snippet(file: SlackFile) -> list[str]:
    lines = [_cut(line, LINE) for line in file.preview.rstrip().splitlines()]
    if not any(lines):
        return []
    if file.filetype in _PROSE:
        lines = [_plain(line) for line in file.preview.strip().splitlines()]
    else:
        lines = fence(lines, file.filetype if file.filetype.isalnum() else "")
    if file.lines_more:
        more = ngettext("and %(count)d more line", "and %(count)d more lines", file.lines_more)
        lines.append(more % {"count": file.lines_more})
    return lines


def _file_name(file: SlackFile) -> str:
    title = "" if file.title in ("Untitled", "-", "") else file.title
    name = "" if re.fullmatch(r"-(\.\w+)?", file.name) else file.name
    shown = _plain(title or name or file.title) or _("a file")
    return f"**{link(file.link, shown)}**" if file.link else f"**{shown}**"


def _quote_card(item: SlackAttachment, names: Names) -> str:
    who = f"**{_plain(item.author_name)}**" if item.author_name else ""
    text = to_markdown(item.text or item.fallback, names)
    return quoted(part for part in (who, text) if part)


def _preview_card(item: SlackAttachment) -> str:
    title = _prose(item.title)
    text = _shortened(_prose(item.text))
    if text == title or not re.search(r"\w", text):
        text = ""
    if not title and not text:
        return ""
    service = _prose(item.service_name)
    host = (urlsplit(item.from_url).hostname or "").removeprefix("www.")
    source = [part for part in (service or host, _prose(item.author_name)) if part and part not in (title, text)]
    heading = _plain(title)
    lines = [
        _plain(" · ".join(dict.fromkeys(source))),
        f"**{link(item.title_link, heading)}**"
        if heading and _is_link(item.title_link)
        else heading and f"**{heading}**",
        _plain(text),
    ]
    return quoted(line for line in lines if line)


def _bot_card(item: SlackAttachment, names: Names) -> str:
    heading = to_markdown(item.title, names, formatting=False).replace("\n", " ")
    if heading and _is_link(item.title_link):
        heading = link(item.title_link, _plain(_prose(item.title)))
    lines = [
        _plain(item.author_name),
        heading and f"**{heading}**",
        to_markdown(item.text, names, formatting="text" in item.formatted),
        *(_field(title=row.title, value=row.value, names=names) for row in item.fields),
        link(item.image_url, _("picture")) if _is_link(item.image_url) else "",
        _plain(item.footer),
    ]
    if not any(lines):
        lines = [to_markdown(item.fallback, names, formatting=False)]
    pretext = to_markdown(item.pretext, names, formatting="pretext" in item.formatted)
    card = quoted(line for line in lines if line)
    return "\n\n".join(part for part in (pretext, card) if part)


def _field(*, title: str, value: str, names: Names) -> str:
    words = to_markdown(value, names)
    if not title:
        return words
    return f"**{_plain(title)}:**{chr(10) if chr(10) in words else ' '}{words}"


def _is_link(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _plain(text: str) -> str:
    return protected(Inline(Names(), formatting=False, doubled="$~").escape(" ".join(html.unescape(text).split())))


def _prose(text: str) -> str:
    """What a page says about itself, as one line of plain text; pages often escape it twice."""
    text = re.sub(r"<(?:[^<>|]*\|)?([^<>]*)>", r"\1", text)
    text = html.unescape(html.unescape(_UNFILLED.sub("", text)))
    return " ".join(text.split())


def _shortened(text: str) -> str:
    """A description of a page, ended decently where Slack or we cut it off."""
    if len(text) > PREVIEW:
        text = text[:PREVIEW]
    elif len(text) < _FULL or text[-1] in _SENTENCE_ENDS:
        return text
    return text.rsplit(" ", 1)[0].rstrip(" ,;:.-") + "…"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}…"
