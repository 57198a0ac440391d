"""Where allauth asks us: who may sign up, how people are made, what a confirmed address brings, who tries too often."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from tertulia.kernel import bus
from tertulia.kernel.errors import Forbidden, Refusal
from tertulia.people import access, services, throttles
from tertulia.people.models import Person
from tertulia.people.sign_in import arriving, providers
from tertulia.people.sign_in.kinds import Way, way
from tertulia.people.sign_in.refusals import SignInFailed, Stale

# How allauth's records call signing in by an outside system; "lti" is what launches record.
FROM_ELSEWHERE = frozenset({"socialaccount", "lti"})

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
        method = _method(request, user)
        if method != "socialaccount":
            request.session.pop(arriving.CAME_BY, None)
        # Who comes from the institution and has yet to say which account here is theirs may enter it as ever.
        may = method in FROM_ELSEWHERE or user.is_owner or arriving.waiting(request) is not None
        if not may and providers.only_these():
            raise Forbidden(_("Members of this community sign in by its own sign-in. Use its button instead."))
        if user.last_login is None and user.has_usable_password() and method == "code":
            user.set_unusable_password()
            user.save(update_fields=["password"])
            messages.info(request, _("You signed in by code. Under Settings you can choose a password."))
        response: HttpResponse | None = super().pre_login(request, user, **about)
        return response

    def post_login(self, request: HttpRequest, user: Person, **about: Any) -> HttpResponse:
        """A code proves the address as well as a confirmation does, but allauth does not say so."""
        if _method(request, user) == "code" and user.email:
            services.note_verified(person=user, email=user.email)
        response: HttpResponse = super().post_login(request, user, **about)
        return response

    def logout(self, request: HttpRequest) -> None:
        """Live connections of the session must end too."""
        person_id = request.user.pk
        came_by = request.session.get(arriving.CAME_BY)
        super().logout(request)
        if came_by:
            request.session[arriving.LEFT] = came_by
        bus.notify("identity", person=person_id)

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        """Who came from an outside system is asked whether to sign out there, too."""
        if request.session.get(arriving.CAME_BY):
            return reverse("people:signed_out")
        url: str = super().get_logout_redirect_url(request)
        return url

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


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth's questions about outside systems: which there are, and who somebody is that comes by them."""

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """The systems that people can come by; `provider` is a kind or the slug of one."""
        del request
        apps = [providers.as_app(one) for one in providers.enabled() if provider in (None, one.kind, one.slug)]
        return [app for app in apps if client_id is None or app.client_id == client_id]

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Way:
        """One system, by its slug."""
        del client_id
        return way(request, providers.enabled_one(provider))

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """All that allauth would do from here on is ours: its own tables of accounts are not used."""
        raise ImmediateHttpResponse(arriving.come_in(request, sociallogin.arrival, sociallogin.state))

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Somebody came back without being signed in."""
        told = extra_context or {}
        name = provider.app.name
        if error == AuthError.CANCELLED:
            messages.info(request, _("You did not sign in with %(name)s.") % {"name": name})
            wanted = (told.get("state") or {}).get("next")
            raise ImmediateHttpResponse(
                redirect(reverse("account_login") + (f"?{urlencode({'next': wanted})}" if wanted else ""))
            )
        reason = told.get("saml_last_error_reason") or (exception and type(exception).__name__)
        if not reason and told.get("state"):
            reason = ": ".join(filter(None, (request.GET.get("error"), request.GET.get("error_description"))))
        logger.warning("a sign-in by %s failed: %s", provider.app.provider_id, str(reason)[:300])
        if not reason:
            raise Stale
        raise SignInFailed(name, str(reason)[:300])


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth's list of sessions."""

    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        """Live connections of the ended sessions must end too."""
        ended = list(sessions)
        super().end_sessions(ended)
        for person_id in {session.user_id for session in ended}:
            bus.notify("identity", person=person_id)


def _method(request: HttpRequest, user: Person) -> str:
    """The last step by which this person signs in, as allauth calls it: password, code, mfa, socialaccount, lti."""
    records = get_authentication_records(request, user)
    return str(records[-1]["method"]) if records else ""
