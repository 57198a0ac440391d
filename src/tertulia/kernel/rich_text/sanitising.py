"""The second wall: whatever the writer wrote, only these tags and attributes leave the house.

The first wall is the writer itself, which escapes every piece of a post. The cleaner is made once, because making one
costs more than cleaning a message.
"""

from __future__ import annotations

import nh3
from pygments.token import STANDARD_TYPES

HIGHLIGHT_PREFIX = "hl-"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MATHML_TAGS = _words(
    "math menclose mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow mspace msqrt mstyle msub "
    "msubsup msup mtable mtd mtext mtr munder munderover none"
)
MATHML_ATTRIBUTES = _words(
    "accent columnalign columnlines columnspacing depth displaystyle fence form height linethickness lspace mathcolor "
    "mathvariant maxsize minsize movablelimits notation rowlines rowspacing rspace scriptlevel stretchy symmetric "
    "voffset width"
)

TAGS = MATHML_TAGS | _words(
    "a blockquote br code del div em h2 h3 h4 h5 h6 hr img input label li ol p pre section span strong sup table tbody "
    "td th thead tr ul"
)

_CLASSES = {
    "a": {"mention", "channel-link", "footnote-back"},
    "blockquote": {"alert", *(f"alert-{kind}" for kind in ("note", "tip", "important", "warning", "caution"))},
    "code": {"math-error"},
    "div": {"table"},
    "li": {"task"},
    "p": {"alert-title", "big-emoji"},
    "pre": {"code"},
    "section": {"footnotes"},
    "span": {"mention", "mention-all", *(HIGHLIGHT_PREFIX + name for name in STANDARD_TYPES.values() if name)},
    "sup": {"footnote-ref"},
    "td": {"align-left", "align-center", "align-right"},
    "th": {"align-left", "align-center", "align-right"},
}
_ATTRIBUTES: dict[str, set[str]] = {
    "a": {"aria-label", "data-person", "href", "id", "rel", "title"},
    "div": {"tabindex"},
    "img": {"alt", "loading", "src", "title"},
    "input": {"checked", "disabled"},
    "li": {"id"},
    "ol": {"start"},
    "pre": {"data-language", "tabindex"},
    "span": {"data-group"},
    "th": {"scope"},
    **{tag: set(MATHML_ATTRIBUTES) for tag in MATHML_TAGS},
}

_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes=_ATTRIBUTES,
    allowed_classes=_CLASSES,
    tag_attribute_values={
        "input": {"type": {"checkbox"}},
        "math": {"display": {"block", "inline"}},
        "pre": {"dir": {"ltr"}},
    },
    link_rel=None,
    url_schemes={"http", "https", "mailto"},
)

clean = _CLEANER.clean
