"""Where allauth asks us: who may sign up, how people are made, what a confirmed address brings, who tries too often."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from tertulia.kernel import bus
from tertulia.kernel.errors import Refusal
from tertulia.people import access, services, throttles
from tertulia.people.models import Person

logger = logging.getLogger("tertulia.people")


class MailFailed(Refusal):
    """The mail server did not take a mail that the person waits for."""

    status = 503
    type = "mail-failed"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth's questions about accounts."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether this visitor may make an account."""
        return access.may_sign_up(request)

    def save_user(self, request: HttpRequest, user: Person, form: BaseForm, commit: bool = True) -> Person:
        """The person of a sign-up form; allauth notes the address and has it confirmed."""
        del request, user, commit
        data = form.cleaned_data
        return services.enrol(
            email=data["email"],
            display_name=data.get("display_name", ""),
            password=data.get("password1") or None,
            time_zone=data.get("time_zone") or "UTC",
        )

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """An address was confirmed by the code sent to it."""
        with transaction.atomic():
            confirmed = bool(super().confirm_email(request, email_address))
            if confirmed:
                services.note_verified(person=email_address.user, email=email_address.email)
        return confirmed

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Before a password is looked at: raises TooMany. Allauth's own limits, which tell no time to wait, are off."""
        throttles.spend(request, throttles.PASSWORD, str(credentials.get("email", "")).lower())

    def pre_login(self, request: HttpRequest, user: Person, **about: Any) -> HttpResponse | None:
        """Who comes in for the first time by an e-mailed code loses the password of the sign-up.

        Anybody may have signed up with this address before its reader; only the code proves who that is.
        """
        if user.last_login is None and user.has_usable_password() and _came_by_code(request, user):
            user.set_unusable_password()
            user.save(update_fields=["password"])
            messages.info(request, _("You signed in by code. Under Settings you can choose a password."))
        response: HttpResponse | None = super().pre_login(request, user, **about)
        return response

    def post_login(self, request: HttpRequest, user: Person, **about: Any) -> HttpResponse:
        """A code proves the address as well as a confirmation does, but allauth does not say so."""
        if _came_by_code(request, user) and user.email:
            services.note_verified(person=user, email=user.email)
        response: HttpResponse = super().post_login(request, user, **about)
        return response

    def logout(self, request: HttpRequest) -> None:
        """Live connections of the session must end too."""
        person_id = request.user.pk
        super().logout(request)
        bus.notify("identity", person=person_id)

    def set_password(self, user: Person, password: str) -> None:
        """Only the password is written: the profile may be changing in another tab."""
        user.set_password(password)
        user.save(update_fields=["password"])
        bus.notify("identity", person=user.pk)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Now, not as a job: its code must not lie about in a table. Raises MailFailed."""
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError):
            logger.exception("a mail could not be sent", extra={"template": template_prefix})
            raise MailFailed(
                _(
                    "The e-mail could not be sent just now. Please try again in a few minutes; if it stays so, tell the"
                    " people who run this community."
                )
            ) from None


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth's list of sessions."""

    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        """Live connections of the ended sessions must end too."""
        ended = list(sessions)
        super().end_sessions(ended)
        for person_id in {session.user_id for session in ended}:
            bus.notify("identity", person=person_id)


def _came_by_code(request: HttpRequest, user: Person) -> bool:
    records = get_authentication_records(request, user)
    return bool(records) and records[-1]["method"] == "code"
