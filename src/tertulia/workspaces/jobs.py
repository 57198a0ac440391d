"""Mail of workspaces. The jobs are rows of the transaction that asks for them, so they run only after it commits."""

from __future__ import annotations

import uuid
from typing import Any

import procrastinate
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from procrastinate.contrib.django import app

from tertulia.workspaces import invitation_secrets
from tertulia.workspaces.models import Invitation, Membership, Workspace

_RETRY = procrastinate.RetryStrategy(max_attempts=6, exponential_wait=4)


@app.task(queue="mail", retry=_RETRY)
def send_invitation(invitation_id: str) -> None:
    """Mails one invitation; nothing if it stopped working meanwhile."""
    invitation = Invitation.objects.select_related("workspace", "by").filter(pk=uuid.UUID(invitation_id)).first()
    if invitation is None or not invitation.email or invitation_secrets.why_not(invitation):
        return
    secret = invitation_secrets.mailed_secret(invitation.pk)
    inviter = invitation.by
    with (
        translation.override((inviter and inviter.language) or settings.LANGUAGE_CODE),
        timezone.override((inviter and inviter.time_zone) or settings.TIME_ZONE),
    ):
        context = {
            "invitation": invitation,
            "inviter": inviter,
            "link": settings.BASE_URL + reverse("workspaces:accept", args=[secret]),
        }
        _send("invitation", invitation.email, invitation.workspace, context)


@app.task(queue="mail", retry=_RETRY)
def send_welcome(membership_id: str) -> None:
    """Tells somebody who asked to join that they are in; nothing if they are not any more."""
    found = Membership.objects.select_related("workspace", "person").filter(pk=uuid.UUID(membership_id)).first()
    if found is None or not found.person.email:
        return
    with translation.override(found.person.language or settings.LANGUAGE_CODE):
        link = settings.BASE_URL + found.workspace.get_absolute_url()
        _send("welcome", found.person.email, found.workspace, {"person": found.person, "link": link})


def _send(name: str, address: str, workspace: Workspace, context: dict[str, Any]) -> None:
    context = {**context, "workspace": workspace, "language": translation.get_language()}
    folder = f"workspaces/mail/{name}"
    subject = " ".join(render_to_string(f"{folder}_subject.txt", context).split())
    mail = EmailMultiAlternatives(subject, render_to_string(f"{folder}.txt", context), to=[address])
    mail.attach_alternative(render_to_string(f"{folder}.html", context), "text/html")
    mail.send()
