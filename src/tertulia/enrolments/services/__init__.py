"""Verbs of enrolments: a list of people applied or previewed, and the sources that send them."""

from tertulia.enrolments.services.enrolling import enrol
from tertulia.enrolments.services.sources import (
    apply_list,
    change_source,
    entries_of,
    find_source,
    follow,
    keep_list,
    open_source,
)

__all__ = ["apply_list", "change_source", "enrol", "entries_of", "find_source", "follow", "keep_list", "open_source"]
