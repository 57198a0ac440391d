"""What the roles of an LMS become here.

Only roles in the course count (LTI core 1.3, A.2.3); roles in the institution or the system say nothing about it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

from tertulia.workspaces.models import Role

CONTEXT = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
SUB = "http://purl.imsglobal.org/vocab/lis/v2/membership/"


class Kind(enum.StrEnum):
    """The kinds of roles that a workspace can tell apart."""

    ADMINISTRATOR = "administrator"
    INSTRUCTOR = "instructor"
    ASSISTANT = "assistant"
    LEARNER = "learner"
    OBSERVER = "observer"


DEFAULTS: Mapping[Kind, Role] = {
    Kind.ADMINISTRATOR: Role.OPERATIONS,
    Kind.INSTRUCTOR: Role.INSTRUCTOR,
    # Helps, calls everybody, makes channels, but removes nobody: the course can make them instructors or moderators.
    Kind.ASSISTANT: Role.MENTOR,
    Kind.LEARNER: Role.LEARNER,
    # LTI's “Mentor” is a parent or adviser who looks on: sees what they are given.
    Kind.OBSERVER: Role.GUEST,
}
RUNNERS = frozenset({Kind.ADMINISTRATOR, Kind.INSTRUCTOR})
"""Who may say which workspace a course has, and put things into the course."""

_PRINCIPAL = {
    "Administrator": Kind.ADMINISTRATOR,
    "Instructor": Kind.INSTRUCTOR,
    "ContentDeveloper": Kind.INSTRUCTOR,
    "TeachingAssistant": Kind.ASSISTANT,
    "Mentor": Kind.OBSERVER,
    "Learner": Kind.LEARNER,
    "Member": Kind.LEARNER,
}
_ASSISTING = frozenset(
    {"TeachingAssistant", "TeachingAssistantGroup", "TeachingAssistantOffering", "TeachingAssistantSection",
     "TeachingAssistantSectionAssociation", "TeachingAssistantTemplate", "Grader"}
)  # fmt: skip


def kind_of(claimed: Sequence[str], *, administrators: bool) -> Kind:
    """The highest kind that these roles (URIs, or LTI's simple names of course roles) give; none: a learner.

    A teaching assistant is also claimed as Instructor, the principal role of its sub-role (A.2.3.2), and is none by
    that. `administrators`: those of the course count as such; otherwise they are instructors.
    """
    principals: set[str] = set()
    subs: set[str] = set()
    for role in claimed:
        name = role.removeprefix(CONTEXT)
        if role.startswith(SUB):
            principal, _hash, sub = role.removeprefix(SUB).partition("#")
            (subs if principal == "Instructor" else principals).add(sub if principal == "Instructor" else principal)
        elif name in _PRINCIPAL:
            principals.add(name)
    if subs and subs <= _ASSISTING:
        principals.discard("Instructor")
        principals.add("TeachingAssistant")
    elif subs:
        principals.add("Instructor")
    kinds = {_PRINCIPAL[name] for name in principals if name in _PRINCIPAL}
    if Kind.ADMINISTRATOR in kinds and not administrators:
        kinds = kinds - {Kind.ADMINISTRATOR} | {Kind.INSTRUCTOR}
    return next((kind for kind in Kind if kind in kinds), Kind.LEARNER)


def role_of(kind: Kind, chosen: Mapping[str, str]) -> Role:
    """The workspace role of a kind, by the course's own choice where it made one. Nobody becomes an owner by an LMS."""
    wanted = chosen.get(kind.value, "")
    role = Role(wanted) if wanted in Role.values else DEFAULTS[kind]
    return DEFAULTS[kind] if role is Role.OWNER else role
