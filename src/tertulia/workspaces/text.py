"""What people type, made fit to store: one line without invisible tricks, not too long."""

from __future__ import annotations

import unicodedata

from django.utils.translation import gettext as _

from tertulia.kernel.errors import Invalid

_JOINERS = "\u200c\u200d"  # needed inside words of Persian and Indic scripts, and in emoji


def line(text: str, *, field: str, label: str, longest: int, required: bool = False) -> str:
    """`text` as one clean line: composed (NFC), white space joined, nothing invisible or that turns the text around it.

    `label` names it in sentences. Raises Invalid when nothing is left of something `required`, or too much.
    """
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    kept = (c for c in text if unicodedata.category(c)[0] != "C" or c in _JOINERS)
    clean = " ".join("".join(kept).split()).strip(_JOINERS)
    if required and not clean:
        raise Invalid(_("Please fill in the %(label)s.") % {"label": label}, field=field)
    if len(clean) > longest:
        raise Invalid(
            _("The %(label)s has %(length)s characters; %(longest)s is the most.")
            % {"label": label, "length": len(clean), "longest": longest},
            field=field,
        )
    return clean
