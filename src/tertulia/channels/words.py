"""What people type about channels, made fit to store: names, addresses, purposes, headers."""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext as _

from tertulia.kernel.errors import Invalid
from tertulia.kernel.tidying import line

LONGEST_NAME = 80
LONGEST_SLUG = 64
LONGEST_PURPOSE = 300
LONGEST_HEADER = 1024

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_DIRECT_SLUG = re.compile(r"d-[0-9a-f]{24}")


def name_of(text: str) -> str:
    """A channel's name: one line, not empty. A leading # is how people write it, not part of it."""
    return line(text.strip().lstrip("#"), field="name", label=_("name"), longest=LONGEST_NAME, required=True)


def purpose_of(text: str) -> str:
    """How a channel should be used: one line, may be empty."""
    return line(text, field="purpose", label=_("purpose"), longest=LONGEST_PURPOSE)


def header_of(text: str) -> str:
    """A channel's header as Markdown: one line, may be empty."""
    return line(text, field="header", label=_("header"), longest=LONGEST_HEADER)


def derive_slug(name: str) -> str:
    """The address that a name suggests; empty where the name has no Latin letters or digits.

    `channels/js/new.js` derives the same while people type.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.lower()) if unicodedata.category(c)[0] != "M")
    plain = plain.replace("&", "-and-")
    return re.sub(r"-{2,}", "-", re.sub(r"[^a-z0-9_]+", "-", plain)).strip("-_")[:LONGEST_SLUG].rstrip("-_")


def slug_of(text: str) -> str:
    """An address as typed, checked. Raises Invalid with a sentence; case and outer spaces are forgiven."""
    slug = text.strip().lower()
    if len(slug) > LONGEST_SLUG:
        raise Invalid(
            _("The URL has %(length)s characters; %(longest)s is the most.")
            % {"length": len(slug), "longest": LONGEST_SLUG},
            field="slug",
        )
    if not _SLUG.fullmatch(slug):
        hint = derive_slug(slug)
        sentence = _("A URL has small letters, digits and dashes, and begins and ends with a letter or digit.")
        raise Invalid(f"{sentence} {_('For example: %(slug)s') % {'slug': hint}}" if hint else sentence, field="slug")
    if _DIRECT_SLUG.fullmatch(slug):
        raise Invalid(_("URLs of this shape belong to direct conversations. Choose another."), field="slug")
    return slug
