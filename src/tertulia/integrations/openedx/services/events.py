"""What a platform says by webhook, taken once and applied at once, in whatever order it comes."""

from __future__ import annotations

import dataclasses
import uuid

from django.db import DatabaseError, transaction
from django.db.models import F
from structlog import get_logger

from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Key
from tertulia.enrolments.records import Registered
from tertulia.integrations.openedx import following, jobs
from tertulia.integrations.openedx.models import Connection, Course, Event, Outcome, Unknown
from tertulia.integrations.openedx.payloads import CERTIFICATE, COHORT, News
from tertulia.integrations.openedx.services import telling
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Refusal

MOST_UNKNOWN = 200
"""Kinds of events that are counted."""
log = get_logger(__name__)


def take(connection: Connection, news: News) -> Outcome:
    """Note an event, and apply it if it is new. If that cannot be done now, a job does; the sender need not care."""
    if not news.concerns_us and news.type not in CERTIFICATE:
        _count(connection, news.type)
        return Outcome.NOTHING
    kept, is_new = Event.objects.get_or_create(
        connection=connection,
        key=news.key,
        defaults={
            "type": news.type,
            "subject": news.username,
            "scope": news.run,
            "said": _said(news),
            "happened_at": news.happened_at,
        },
    )
    if not is_new:
        Event.objects.filter(pk=kept.pk).update(times=F("times") + 1)
        return Outcome(kept.outcome)
    try:
        return _apply(connection, kept)
    except (DatabaseError, Refusal) as trouble:
        log.warning("openedx.event_waits", reason=type(trouble).__name__, event_id=str(kept.pk))
        jobs.apply_event.defer(event_id=str(kept.pk))
        return Outcome.WAITING


def apply_again(event_id: uuid.UUID) -> None:
    """Apply an event that waits. Raises what keeps it from being applied, so that it is tried again."""
    kept = Event.objects.select_related("connection__system").filter(pk=event_id, outcome=Outcome.WAITING).first()
    if kept is None:
        return
    try:
        _apply(kept.connection, kept)
    except Refusal:
        Event.objects.filter(pk=kept.pk).update(outcome=Outcome.FAILED)
        raise


def _apply(connection: Connection, kept: Event) -> Outcome:
    with transaction.atomic():
        outcome = _outcome(connection, kept)
        Event.objects.filter(pk=kept.pk).update(outcome=outcome)
    return outcome


def _outcome(connection: Connection, kept: Event) -> Outcome:
    if kept.type in CERTIFICATE:
        return Outcome.NOTHING
    course = _course(connection, kept)
    if course is None:
        return Outcome.NOT_FOLLOWED
    said = kept.said
    facts = telling.facts(connection, course.key)
    if said["mode"]:
        facts[Key.TRACK] = [said["mode"]]
    if kept.type in COHORT:
        facts[Key.COHORT] = [said["cohort"]] if said["cohort"] else []
    person = Registered(
        subject=kept.subject,
        scope=course.key,
        facts=facts,
        email=said["email"] if connection.reads_accounts else "",
        name=said["name"] if connection.reads_accounts else "",
        active=said["active"],
    )
    told = enrolments.tell(
        system=connection.system, people=[person], as_of=kept.happened_at, titles=telling.titles(course)
    )
    return Outcome.FAILED if told.refused else Outcome.TOLD


def _course(connection: Connection, kept: Event) -> Course | None:
    """The course, if it is followed; one that a pattern matches is known by its first event."""
    found = Course.objects.filter(connection=connection, key=kept.scope).first()
    is_new = found is None and following.matches(connection, kept.scope)
    if is_new or (found is not None and not found.title and kept.said["title"]):
        following.note(connection, {kept.scope: kept.said["title"]})
        found = Course.objects.filter(connection=connection, key=kept.scope).first()
    if found is None or not found.is_followed:
        return None
    found.connection = connection
    return found


def _said(news: News) -> dict[str, object]:
    said = dataclasses.asdict(news)
    return {name: said[name] for name in ("email", "name", "title", "mode", "cohort", "active")}


def _count(connection: Connection, kind: str) -> None:
    known = Unknown.objects.filter(connection=connection, type=kind)
    if known.update(times=F("times") + 1, last_at=now()):
        return
    if Unknown.objects.filter(connection=connection).count() < MOST_UNKNOWN:
        Unknown.objects.get_or_create(connection=connection, type=kind)
