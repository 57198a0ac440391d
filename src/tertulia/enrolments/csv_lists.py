"""Lists of people as spreadsheets write them: comma-separated values (RFC 4180), also with semicolons or tabs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from tertulia.enrolments.records import MOST_PEOPLE, Entry
from tertulia.kernel.errors import Invalid

COLUMNS = ("external_id", "email", "name", "role", "groups", "channels", "active")
DELIMITERS = ",;\t"
NO = frozenset({"0", "false", "no", "n", "inactive"})
LARGEST_FIELD = 16_384


def read_csv(content: bytes) -> list[Entry]:
    """The people of a list whose first row names its columns; `email` or `external_id` must be among them.

    Several groups or channels of one person are separated by semicolons or bars. Without `external_id`, the address
    stands for it. Raises Invalid with a sentence that names the row or column.
    """
    rows = _rows(_text(content))
    if not rows:
        raise Invalid(_("The file is empty. Its first row names the columns: email, name, role."), field="file")
    columns = [re.sub(r"[\s-]+", "_", cell.strip().lower()) for cell in rows[0]]
    unknown = [cell for cell, name in zip(rows[0], columns, strict=True) if name not in COLUMNS and name]
    if unknown:
        raise Invalid(
            _("There is no column “%(name)s” here. The columns are: %(columns)s.")
            % {"name": unknown[0][:40], "columns": ", ".join(COLUMNS)},
            field="file",
        )
    if not {"email", "external_id"} & set(columns):
        raise Invalid(_("The first row must name the columns; one of them is email or external_id."), field="file")
    people = [_entry(dict(zip(columns, row, strict=False))) for row in rows[1:] if any(cell.strip() for cell in row)]
    if not people:
        raise Invalid(_("Nobody is in this file: it has a first row, and no others."), field="file")
    if len(people) > MOST_PEOPLE:
        raise Invalid(
            _("That is %(count)s people; %(most)s is the most in one list.")
            % {"count": len(people), "most": MOST_PEOPLE},
            field="file",
        )
    return people


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")  # what spreadsheets on Windows write
    if "\0" in text:
        raise Invalid(_("This is not a text file. Save the list as CSV."), field="file")
    return text


def _rows(text: str) -> Sequence[Sequence[str]]:
    head = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    csv.field_size_limit(LARGEST_FIELD)
    try:
        return list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Invalid(_("The file cannot be read as CSV: %(reason)s.") % {"reason": error}, field="file") from None


def _entry(cells: Mapping[str, str]) -> Entry:
    def cell(name: str) -> str:
        return cells.get(name, "").strip()

    return Entry(
        external_id=cell("external_id") or cell("email").lower(),
        email=cell("email"),
        name=cell("name"),
        role=cell("role") or "learner",
        groups=_several(cell("groups")),
        channels=_several(cell("channels")),
        active=cell("active").lower() not in NO,
    )


def _several(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[;|]", text) if part.strip()]
