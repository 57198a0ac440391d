"""The words in Slack's layout blocks, for messages of apps that carry no `text` of their own.

Only what people read is kept - sections, headers, contexts and rich text - as Slack markup, one block a line.
Reference: https://api.slack.com/reference/block-kit/blocks
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

_DEPTH = 12  # rich text nests a few levels; more is not written by Slack
_BRACKETS = {"user": "<@{}>", "channel": "<#{}>", "usergroup": "<!subteam^{}>", "broadcast": "<!{}>"}
_KEYS = {"user": "user_id", "channel": "channel_id", "usergroup": "usergroup_id", "broadcast": "range"}
_RICH: dict[str, Callable[[str], str]] = {
    "rich_text_section": str,
    "rich_text_quote": lambda text: "\n".join(f"&gt; {line}" for line in text.split("\n")),
    "rich_text_preformatted": "```{}```".format,
}
_STYLES = {"bold": "*", "italic": "_", "strike": "~", "code": "`"}


def text_of(value: object) -> str:
    """The text of a list of blocks as Slack markup; empty when there is none."""
    if not isinstance(value, list):
        return ""
    return "\n".join(line for block in value for line in _lines(block, _DEPTH) if line.strip())


def _lines(block: object, depth: int) -> Iterator[str]:
    if not isinstance(block, dict) or not depth:
        return
    kind, elements = str(block.get("type")), _list(block, "elements")
    if kind in ("section", "header"):
        yield _words(block.get("text"))
        yield from (_words(field) for field in _list(block, "fields"))
    elif kind == "context":
        yield " ".join(_words(element) for element in elements)
    elif kind == "rich_text":
        for element in elements:
            yield from _lines(element, depth - 1)
    elif kind == "rich_text_list":
        for number, element in enumerate(elements, 1):
            mark = f"{number}." if block.get("style") == "ordered" else "•"
            yield f"{mark} " + " ".join(_lines(element, depth - 1))
    elif kind in _RICH:
        yield _RICH[kind]("".join(_run(element) for element in elements))


def _list(value: dict[str, object], name: str) -> list[object]:
    found = value.get(name)
    return found if isinstance(found, list) else []


def _words(value: object) -> str:
    text = value.get("text") if isinstance(value, dict) else None
    return text if isinstance(text, str) else ""


def _run(element: object) -> str:
    if not isinstance(element, dict):
        return ""
    kind = str(element.get("type"))
    if kind in _BRACKETS:
        return _BRACKETS[kind].format(element.get(_KEYS[kind]))
    if kind == "emoji":
        return f":{element.get('name')}:"
    words = _words(element).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if kind == "link":
        return f"<{element.get('url')}|{words}>" if words else f"<{element.get('url')}>"
    style = element.get("style")
    if isinstance(style, dict) and words.strip() == words:
        for name, mark in _STYLES.items():
            if style.get(name) is True:
                words = f"{mark}{words}{mark}"
    return words
