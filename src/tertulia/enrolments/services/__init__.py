"""Verbs of enrolments: lists of people applied or previewed, the sources that send them, what outside systems tell."""

from tertulia.enrolments.services.enrolling import enrol
from tertulia.enrolments.services.questions import answer, ask, change_question, delete_question, pass_over
from tertulia.enrolments.services.rules.following import apply_all
from tertulia.enrolments.services.rules.previewing import preview, preview_spaces
from tertulia.enrolments.services.rules.writing import confirm_rule, delete_rule, switch_rule, write_rule
from tertulia.enrolments.services.sources import (
    apply_list,
    change_source,
    delete_source,
    entries_of,
    find_source,
    follow,
    keep_list,
    open_source,
)
from tertulia.enrolments.services.systems import change_system, lend_system, open_system
from tertulia.enrolments.services.telling import tell, tell_whole

__all__ = [
    "answer",
    "apply_all",
    "apply_list",
    "ask",
    "change_question",
    "change_source",
    "change_system",
    "confirm_rule",
    "delete_question",
    "delete_rule",
    "delete_source",
    "enrol",
    "entries_of",
    "find_source",
    "follow",
    "keep_list",
    "lend_system",
    "open_source",
    "open_system",
    "pass_over",
    "preview",
    "preview_spaces",
    "switch_rule",
    "tell",
    "tell_whole",
    "write_rule",
]
