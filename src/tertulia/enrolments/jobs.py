"""Mail of enrolments, for sources that want people to be welcomed."""

from __future__ import annotations

import uuid

import procrastinate
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from procrastinate.contrib.django import app

from tertulia.enrolments.models import Enrolment, Source

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
