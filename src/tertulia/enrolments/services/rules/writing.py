"""Rules are written, changed, switched off and on, confirmed and deleted, by who may enrol people."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tertulia.enrolments import jobs
from tertulia.enrolments.models import Kind, Rule, RuleSource, Source, System
from tertulia.enrolments.records import Applied, Draft
from tertulia.enrolments.services.handing_over import hand_over, let_go
from tertulia.enrolments.services.rules import following, standing
from tertulia.enrolments.services.rules.drafts import checked
from tertulia.enrolments.services.sources import MOST_SOURCES
from tertulia.kernel import audit
from tertulia.kernel.errors import Conflict, NotFound
from tertulia.people import access as people
from tertulia.people.models import Person
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Workspace

MOST_RULES = 100
"""Of one workspace, or of the installation."""


def write_rule(
    *, actor: Person, workspace: Workspace | None, draft: Draft, rule: Rule | None = None, confirmed: bool = False
) -> Rule:
    """Save a new rule, or (`rule`) change one, which is the actor's from then on; then it is followed.

    At once if it concerns few people, else by a job. Without a workspace: of the installation, for its owners.
    Raises NotFound, Forbidden, Invalid, Conflict: `name-taken`, `archived`, or `too-many-leaving` where more people
    than the rule's share would go and that is not `confirmed`; nothing has changed then.
    """
    with transaction.atomic():
        locked = _enter(actor, workspace)
        if rule is None:
            rule = Rule(workspace=locked)
            if Rule.objects.filter(workspace=locked).count() >= MOST_RULES:
                raise Conflict(_("There are %(count)s rules here. Delete one first.") % {"count": MOST_RULES})
            before: Mapping[str, object] = {}
        else:
            rule = Rule.objects.select_for_update(of=("self",), no_key=True).get(pk=rule.pk)
            rule.workspace = locked
            before = described(rule)
        is_new = not before
        new_groups = checked(actor=actor, rule=rule, draft=draft)
        if new_groups and locked is not None:
            workspaces.make_groups(workspace=locked, names=new_groups)
        rule.save(force_insert=is_new)
        _keep_source(rule, locked, actor)
        after = described(rule)
        if before != after:
            _record(actor, "wrote the rule" if is_new else "changed the rule", rule, before, after)
        if rule.is_on:
            _follow(rule, confirmed=confirmed)
    return rule


def switch_rule(*, actor: Person, rule: Rule, is_on: bool) -> Rule:
    """A rule that is off neither lets anybody in nor lets anybody go; switched on again, it makes up for it."""
    with transaction.atomic():
        _enter(actor, rule.workspace)
        rule = Rule.objects.select_for_update(of=("self",), no_key=True).get(pk=rule.pk)
        if rule.is_on != is_on:
            rule.is_on = is_on
            rule.save(update_fields=["is_on"])
            _record(actor, "switched the rule on" if is_on else "switched the rule off", rule, {}, {"name": rule.name})
            if is_on:
                jobs.apply_rule.configure(lock=f"rule-{rule.pk}").defer(rule_id=str(rule.pk))
    return rule


def confirm_rule(*, actor: Person, rule: Rule) -> list[Applied]:
    """Yes, let those go whom the rule holds back because they are so many."""
    with transaction.atomic():
        _enter(actor, rule.workspace)
        applied = following.apply_rule(rule.pk, confirmed=True)
        _record(actor, "confirmed the rule", rule, {}, {"name": rule.name})
    return applied


def delete_rule(*, actor: Person, rule: Rule, keep_people: bool) -> None:
    """The rule ends. `keep_people`: whom it brought stays as they are, as if staff had added them; else they leave
    as the rule's leaving says. Workspaces that it made stay.
    """
    with transaction.atomic():
        _enter(actor, rule.workspace)
        rule = Rule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
        _record(actor, "deleted the rule", rule, described(rule), {"people_stay": keep_people})
        sources = [row.source for row in rule.sources.select_related("source__workspace") if row.source is not None]
        for source in sorted(sources, key=lambda one: one.workspace_id):
            if not keep_people:
                let_go(source)
            hand_over(source)
            source.delete()
        rule.delete()


def _enter(actor: Person, workspace: Workspace | None) -> Workspace | None:
    if workspace is not None:
        return workspaces.open_to_enrol(actor=actor, workspace=workspace)
    if not actor.is_active:
        raise NotFound
    people.check_installation(actor)
    return None


def _keep_source(rule: Rule, workspace: Workspace | None, actor: Person) -> None:
    """The rule's sources are called and behave as the rule says."""
    settings = {field: getattr(rule, field) for field in ("name", "leaving", "largest_share", "welcome")}
    if workspace is not None and not rule.sources.exists():
        if Source.objects.filter(workspace=workspace).count() >= MOST_SOURCES:
            raise Conflict(_("This workspace has %(count)s sources. Use one of them.") % {"count": MOST_SOURCES})
        source = Source.objects.create(workspace=workspace, kind=Kind.RULE, created_by=actor, **settings)
        RuleSource.objects.create(rule=rule, source=source)
        return
    for row in rule.sources.select_related("source"):
        if row.source is not None:
            Source.objects.filter(pk=row.source.pk).update(**settings)


def _follow(rule: Rule, *, confirmed: bool) -> None:
    """Follow it now if few are concerned; a change that lets too many go is refused while somebody looks at it."""
    many = rule.workspace_id is None
    leaving = enrolled = 0
    for row in rule.sources.select_related("source__workspace") if rule.workspace_id is not None else ():
        if row.source is None:
            continue
        able = standing.standing(rule, row.source.workspace)
        here = standing.places(rule, row, row.source.workspace)
        made = following.difference(rule, row.source, able, here, None)
        if made.is_too_many(rule.leaving, rule.largest_share) and not confirmed:
            leaving, enrolled = len(made.going), made.enrolled
        many = many or len(made.going) + len(made.coming) > following.AT_ONCE
    if leaving:
        raise Conflict(
            ngettext(
                "The rule would let %(leaving)s of %(enrolled)s person go, more than its share of %(share)s %%. Nothing"
                " has been changed. If that is meant, confirm it.",
                "The rule would let %(leaving)s of %(enrolled)s people go, more than its share of %(share)s %%. Nothing"
                " has been changed. If that is meant, confirm it.",
                enrolled,
            )
            % {"leaving": leaving, "enrolled": enrolled, "share": rule.largest_share},
            type="too-many-leaving",
        )
    if many:
        jobs.apply_rule.configure(lock=f"rule-{rule.pk}").defer(rule_id=str(rule.pk), confirmed=confirmed)
    else:
        following.apply_rule(rule.pk, confirmed=confirmed)


def described(rule: Rule) -> dict[str, object]:
    """A rule in words and values, for the log."""
    system = System.objects.filter(pk=rule.system_id).values_list("name", flat=True).first() if rule.system_id else ""
    return {
        "name": rule.name,
        "system": system,
        "conditions": rule.conditions,
        "per": rule.per,
        "role": rule.role,
        "groups": [str(key) for key in rule.group_ids] or list(rule.group_names),
        "channels": [str(key) for key in rule.channel_ids] or list(rule.channel_names),
        "leaving": rule.leaving,
        "largest_share": rule.largest_share,
        "welcome": rule.welcome,
        "is_on": rule.is_on,
    }


def _record(actor: Person, verb: str, rule: Rule, before: Mapping[str, object], after: Mapping[str, object]) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        object_kind="enrolment rule",
        object_id=rule.pk,
        workspace_id=rule.workspace_id,
        before=before,
        after=after,
    )
