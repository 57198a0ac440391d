"""The log in words: one sentence for each kind of audit entry that workspaces write, a plain one for others'."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tertulia.kernel.models import AuditEntry
from tertulia.workspaces.models import Role

# (kind of object, verb) -> the sentence without its subject. Holes: name, role, old, email, what, and counts.
_SENTENCES: Mapping[tuple[str, str], str | Promise] = {
    ("workspace", "created"): gettext_lazy("made the workspace"),
    ("workspace", "changed"): gettext_lazy("changed %(what)s"),
    ("workspace", "archived"): gettext_lazy("archived the workspace"),
    ("workspace", "restored"): gettext_lazy("restored the workspace"),
    ("workspace", "enrolled people"): gettext_lazy(
        "enrolled people from %(name)s: %(came)s came, %(changed)s changed, %(left)s left"
    ),
    ("enrolment source", "added the source"): gettext_lazy("added the source %(name)s"),
    ("enrolment source", "changed the source"): gettext_lazy("changed the source %(name)s"),
    ("enrolment source", "deleted the source"): gettext_lazy("deleted the source %(name)s"),
    ("enrolment rule", "wrote the rule"): gettext_lazy("wrote the rule %(name)s"),
    ("enrolment rule", "changed the rule"): gettext_lazy("changed the rule %(name)s"),
    ("enrolment rule", "switched the rule on"): gettext_lazy("switched the rule %(name)s on"),
    ("enrolment rule", "switched the rule off"): gettext_lazy("switched the rule %(name)s off"),
    ("enrolment rule", "confirmed the rule"): gettext_lazy("let the people go whom the rule %(name)s held back"),
    ("enrolment rule", "deleted the rule"): gettext_lazy("deleted the rule %(name)s"),
    ("question", "asked members"): gettext_lazy("asked members: %(name)s"),
    ("question", "changed a question"): gettext_lazy("changed the question: %(name)s"),
    ("question", "deleted a question"): gettext_lazy("deleted the question: %(name)s"),
    ("person", "joined"): gettext_lazy("joined as %(role)s"),
    ("person", "added"): gettext_lazy("added %(name)s as %(role)s"),
    ("person", "let in"): gettext_lazy("let %(name)s in as %(role)s"),
    ("person", "turned down"): gettext_lazy("turned down %(name)s’s request to join"),
    ("person", "accepted an invitation"): gettext_lazy("accepted an invitation as %(role)s"),
    ("person", "claimed an imported membership"): gettext_lazy("claimed an imported membership as %(role)s"),
    ("person", "changed role"): gettext_lazy("changed %(name)s’s role from %(old)s to %(role)s"),
    ("person", "left"): gettext_lazy("left"),
    ("person", "asked to join"): gettext_lazy("asked to join"),
    ("person", "removed"): gettext_lazy("removed %(name)s"),
    ("person", "banned"): gettext_lazy("banned %(name)s"),
    ("person", "lifted the ban of"): gettext_lazy("lifted the ban of %(name)s"),
    ("group", "created"): gettext_lazy("made the group %(name)s"),
    ("group", "renamed"): gettext_lazy("renamed the group %(old)s to %(name)s"),
    ("group", "deleted"): gettext_lazy("deleted the group %(old)s"),
    ("group", "changed the people of"): gettext_lazy("changed who is in the group %(name)s"),
    ("invitation", "invited by mail"): gettext_lazy("invited %(email)s as %(role)s"),
    ("invitation", "made an invitation link"): gettext_lazy("made an invitation link for the role %(role)s"),
    ("invitation", "took back an invitation"): gettext_lazy("took back an invitation"),
}

_FIELDS: Mapping[str, str | Promise] = {
    "name": gettext_lazy("the name"),
    "slug": gettext_lazy("the address"),
    "template": gettext_lazy("the template"),
    "goal": gettext_lazy("the goal"),
    "joining": gettext_lazy("who may come in"),
    "listed": gettext_lazy("whether it is in the directory"),
    "learners_may_message": gettext_lazy("whether learners may message each other"),
}


def sentence(entry: AuditEntry) -> str:
    """What was done, without who did it: `banned Ana (spam)`."""
    before, after = entry.before, entry.after
    pattern = _SENTENCES.get((entry.object_kind, entry.verb))
    name = str(after.get("name") or before.get("name") or "")
    if pattern is None:
        line = " ".join(part for part in (entry.verb, entry.object_kind, name) if part)
    else:
        line = str(pattern) % {
            "name": name,
            "role": _role(after.get("role") or before.get("role")),
            "old": _role(before["role"]) if "role" in before else str(before.get("name", "")),
            "email": after.get("email", ""),
            "what": ", ".join(str(words) for field, words in _FIELDS.items() if field in after),
            **{count: after.get(count, 0) for count in ("came", "changed", "left")},
        }
    return _("%(line)s (%(reason)s)") % {"line": line, "reason": entry.reason} if entry.reason else line


def _role(value: object) -> str:
    return str(Role(value).label) if value in Role.values else ""
