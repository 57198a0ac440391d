"""What people type, made tidy: lines without tricks, not too long."""

from __future__ import annotations

import unicodedata

from django.utils.translation import gettext as _

from tertulia.kernel.errors import Invalid

MARKS = 3  # combining marks on one letter; more is not a word in any script but ink spilt over neighbouring lines
_JOINERS = "\u200c\u200d"  # needed inside words of Persian and Indic scripts, and in emoji


def tidy(text: str) -> str:
    """One line, in NFC, single blanks, without controls: nothing in it can turn the text around it or hide.

    Line breaks and tabs become blanks; bidirectional overrides, isolates and marks, zero-width blanks and other
    invisible characters go (joiners between letters stay). "" when nothing visible is left.
    """
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        if category[0] == "C" and character not in _JOINERS:
            continue
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks <= MARKS:
            kept.append(character)
    text = " ".join("".join(kept).split()).strip(_JOINERS)
    return text if any(unicodedata.category(c)[0] in "LNPS" and c not in "\u2800\u3164\uffa0" for c in text) else ""


def tidy_text(text: str) -> str:
    """The same for several lines: line breaks and tabs stay."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = (c for c in text if unicodedata.category(c)[0] != "C" or c in _JOINERS or c in "\n\t")
    return "".join(kept).strip()


def line(text: str, *, field: str, label: str, longest: int, required: bool = False) -> str:
    """`text`, tidied, as one line. `label` names it in sentences.

    Raises Invalid when nothing is left of something `required`, or too much.
    """
    clean = tidy(text)
    if required and not clean:
        raise Invalid(_("Please fill in the %(label)s.") % {"label": label}, field=field)
    if len(clean) > longest:
        raise Invalid(
            _("The %(label)s has %(length)s characters; %(longest)s is the most.")
            % {"label": label, "length": len(clean), "longest": longest},
            field=field,
        )
    return clean
