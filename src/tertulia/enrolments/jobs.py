"""Background tasks of enrolments: mail that welcomes people, rules applied to many."""

from __future__ import annotations

import uuid

import procrastinate
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from procrastinate.contrib.django import app

from tertulia.enrolments.models import Enrolment, Rule, Source

_RETRY = procrastinate.RetryStrategy(max_attempts=6, exponential_wait=4)


@app.task(queue="mail", retry=_RETRY)
def welcome(source_id: str, person_id: str) -> None:
    """Tells somebody that they have been enrolled, and how they get in; nothing if they are not any more."""
    source = Source.objects.select_related("workspace").filter(pk=uuid.UUID(source_id)).first()
    if source is None:
        return
    line = Enrolment.objects.select_related("person").filter(source=source, person_id=uuid.UUID(person_id)).first()
    if line is None or line.person is None or not line.active or not line.person.email:
        return
    with translation.override(line.person.language or settings.LANGUAGE_CODE):
        context = {
            "person": line.person,
            "workspace": source.workspace,
            "link": settings.BASE_URL + source.workspace.get_absolute_url(),
            "language": translation.get_language(),
        }
        subject = " ".join(render_to_string("enrolments/mail/welcome_subject.txt", context).split())
        text = render_to_string("enrolments/mail/welcome.txt", context)
        mail = EmailMultiAlternatives(subject, text, to=[line.person.email])
        mail.attach_alternative(render_to_string("enrolments/mail/welcome.html", context), "text/html")
        mail.send()


@app.task(queue="enrolments", retry=_RETRY)
def apply_rule(rule_id: str, confirmed: bool = False) -> None:
    """Let a rule follow what systems say of everybody. Doing it again changes nothing."""
    from tertulia.enrolments.services.rules.following import apply_rule as apply  # which defers this

    apply(uuid.UUID(rule_id), confirmed=confirmed)


@app.periodic(cron="20 2 * * *")
@app.task(queue="enrolments", queueing_lock="keep-rules")
def keep_rules(timestamp: int) -> None:
    """Each night: whatever was missed is made good, rule by rule."""
    del timestamp
    from tertulia.enrolments.services import arriving

    arriving.tell_domains()
    arriving.claim_waiting()
    for rule_id in Rule.objects.filter(is_on=True).order_by("pk").values_list("pk", flat=True):
        apply_rule.configure(lock=f"rule-{rule_id}").defer(rule_id=str(rule_id))


@app.task(queue="enrolments", retry=_RETRY)
def follow_members(workspace_id: str, person_ids: list[str], are_in: bool) -> None:
    """What these people answered in a workspace counts for its rules, or no longer does."""
    from tertulia.enrolments.services.questions import follow_members as follow

    follow(uuid.UUID(workspace_id), [uuid.UUID(person_id) for person_id in person_ids], are_in=are_in)
