"""TeX to MathML on the server. What cannot be read as TeX is shown as it was written."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape, unescape
from xml.etree.ElementTree import Element

from latex2mathml.converter import Converter

from tertulia.kernel.rich_text.sanitising import MATHML_ATTRIBUTES, MATHML_TAGS

MAX_FORMULA = 2_000
"""Characters of TeX in one formula."""

MAX_FORMULAS_OF_A_POST = 10_000
FORMULA_ITSELF = 20
"""Characters of TeX, each formula counting 20 more. What is beyond is shown as source, so that no post takes long."""

_MAX_DEPTH = 40
# Definitions have no use inside one formula, and a few of them can expand without end.
_DEFINITION = re.compile(r"\\(?:(?:re)?new|provide|def\b|[egx]def\b|let\b|Declare)")
_ENTITY = re.compile(r"&#x[0-9A-Fa-f]{1,6};")
_UNKNOWN_COMMAND = re.compile(r"\\[A-Za-z]")
_UPRIGHT_LETTER = re.compile(r"&#x000[4-7][0-9A-Fa-f];")
_ATTRIBUTE_VALUE = re.compile(r"[A-Za-z# ]{1,60}|(?:[+-]?[0-9]{0,2}(?:\.[0-9]{1,4})?(?:em|ex|mu|pt|px)?(?: |\Z)){1,20}")


class _NotTeX(Exception):
    """The source cannot be shown as a formula."""


def _text(raw: str | None) -> str:
    # The converter writes symbols as character references into a tree that is text already.
    return escape(_ENTITY.sub(lambda match: unescape(match[0]), raw), quote=False) if raw else ""


def _write(element: Element, out: list[str], depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise _NotTeX("nested too deeply")
    tag = element.tag
    if tag not in MATHML_TAGS or (element.text and _UNKNOWN_COMMAND.search(element.text)):
        raise _NotTeX("unknown command")
    attributes = {
        name: value
        for name, value in element.attrib.items()
        if name in MATHML_ATTRIBUTES and _ATTRIBUTE_VALUE.fullmatch(value)
    }
    if tag == "mi" and element.text and _UPRIGHT_LETTER.fullmatch(element.text):
        # The converter writes only an upright letter as a reference, and forgets to say that it stands upright.
        attributes["mathvariant"] = "normal"
    out.append(f"<{tag}" + "".join(f' {name}="{escape(value)}"' for name, value in attributes.items()) + ">")
    out.append(_text(element.text))
    for child in element:
        _write(child, out, depth + 1)
        out.append(_text(child.tail))
    out.append(f"</{tag}>")


@lru_cache(maxsize=1024)
def to_mathml(tex: str, display: str) -> str:
    """Return a `<math>` element for `tex`, or its source in `<code class="math-error">`.

    `display` is `block` or `inline`.
    """
    try:
        if len(tex) > MAX_FORMULA or _DEFINITION.search(tex):
            raise _NotTeX("too long, or defines commands")  # noqa: TRY301 - all refusals end in one place
        row = Converter(display=display).convert_to_element(tex)[0]
        out = [f'<math display="{display}">']
        _write(row, out, 0)
    except Exception:  # noqa: BLE001 - the converter meets broken TeX with a dozen kinds of exception
        return source(tex)
    out.append("</math>")
    return "".join(out)


def source(tex: str) -> str:
    """Return the formula as it was written."""
    return f'<code class="math-error">{escape(tex.strip(), quote=False)}</code>'
