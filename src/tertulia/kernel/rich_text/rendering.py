"""From what a person wrote to what everybody reads: parse, write, clean. Never raises, never loses a word."""

from __future__ import annotations

import re
from html import escape

import pyromark
import structlog
from pyromark import Options

from tertulia.kernel.rich_text.emoji import count_emoji
from tertulia.kernel.rich_text.names import NO_NAMES, Mentions, Names, Rendered, Scan
from tertulia.kernel.rich_text.normalising import normalise
from tertulia.kernel.rich_text.sanitising import clean
from tertulia.kernel.rich_text.tokens import stash_addresses
from tertulia.kernel.rich_text.writer import Unreasonable, Writer

_log = structlog.get_logger(__name__)

_MARKDOWN = pyromark.Markdown(
    options=Options.ENABLE_TABLES
    | Options.ENABLE_TASKLISTS
    | Options.ENABLE_STRIKETHROUGH
    | Options.ENABLE_FOOTNOTES
    | Options.ENABLE_MATH
    | Options.ENABLE_GFM
)

# Lines that begin with a letter and hold nothing that Markdown or we give a meaning to: half of all chat. They take
# a short way, to the same result.
_PLAIN_LINE = r"[^\W\d_][^\W_ ]*(?:[ ,.;!?'’“”\"()%/…–—-][^\W_]*)*"
_PLAIN = re.compile(rf"(?>{_PLAIN_LINE})(?:\n(?>{_PLAIN_LINE}))*")

# The parser's time is the number of lines times the depth of lists and quotations that one line can open.
_DEEPLY_NESTED = re.compile(r"^(?:[ \t]*(?:[-+*>]|[0-9]{1,9}[.)])){200}", re.MULTILINE)

_MOST_BIG_EMOJI = 3
_LONGEST_BIG_EMOJI = 60
_PARAGRAPH = "<p>"
_BLANK_LINES = re.compile(r"\n\s*\n")
_NAMES_SOMETHING = re.compile("(?:[@#]|&(?:commat|num|#[0-9a-zA-Z]+);)[A-Za-z0-9&]")


def render(body: str, names: Names = NO_NAMES, *, prefix: str = "") -> Rendered:
    """Return `body`, which is Markdown, as sanitised HTML and as plain text.

    `names` says what the `@names` and `#slugs` found by `scan` resolved to; others stay text. `prefix`, such as the
    post's id, keeps the ids of footnotes apart from those of other posts on the same page.
    """
    body = normalise(body)
    if _PLAIN.fullmatch(body) and " \n" not in body and "www." not in body:
        return _plainly(body)
    try:
        writer = _write(body, names, prefix)
        text = _BLANK_LINES.sub("\n", "".join(writer.plain)).strip()
        html = clean("".join(writer.html)).strip()
    except Unreasonable as reason:
        _log.warning("rich text shown as plain text", reason=str(reason), length=len(body))
        return _plainly(body)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - a panic in the parser, which is Rust, is not an Exception
        _log.exception("rich text could not be rendered", length=len(body))
        return _plainly(body)
    return Rendered(_enlarged(html, text), text, _mentions(writer), frozenset(writer.names.channel_slugs))


def scan(body: str) -> Scan:
    """Return the `@names` and `#slugs` that `render` will ask for, so that they can be looked up in one go before."""
    if "@" not in body and "#" not in body and "&" not in body:
        return Scan()
    body = normalise(body)
    if not _NAMES_SOMETHING.search(body):
        return Scan()
    try:
        writer = _write(body, NO_NAMES, "")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - as above; `render` meets the same and logs it
        return Scan()
    mentions = _mentions(writer)
    return Scan(mentions.handles, frozenset(writer.names.channel_slugs), mentions.channel, mentions.here)


def _write(body: str, names: Names, prefix: str) -> Writer:
    if _DEEPLY_NESTED.search(body):
        raise Unreasonable("nested too deeply")
    parsable, addresses = stash_addresses(body)
    writer = Writer(names, addresses, prefix)
    # A short table head over many rows is the one construct that expands: a row is as wide as the head.
    writer.write(_MARKDOWN.events(parsable), most=4 * len(parsable) + 1_000)
    return writer


def _plainly(body: str) -> Rendered:
    return Rendered(f"{_PARAGRAPH}{escape(body, quote=False).replace(chr(10), '<br>' + chr(10))}</p>", body)


def _mentions(writer: Writer) -> Mentions:
    handles = writer.names.handles
    return Mentions(frozenset(handles - {"channel", "here"}), "channel" in handles, "here" in handles)


def _enlarged(html: str, text: str) -> str:
    """Mark a message of a few emoji and nothing else, which is shown large."""
    if len(text) > _LONGEST_BIG_EMOJI or html != f"{_PARAGRAPH}{text}</p>" or text.isascii():
        return html
    return f'<p class="big-emoji">{text}</p>' if count_emoji(text, _MOST_BIG_EMOJI) else html
