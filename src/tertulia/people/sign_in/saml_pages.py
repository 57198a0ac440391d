"""Some of allauth's SAML pages, with what each wants besides; nonsense is refused there with a sentence."""

from __future__ import annotations

from collections.abc import Callable

from allauth.account.internal.decorators import login_not_required
from allauth.socialaccount.providers.saml.views import finish_acs, metadata, sls
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from lxml.etree import LxmlError
from onelogin.saml2.errors import OneLogin_Saml2_Error

from tertulia.people import throttles
from tertulia.people.models import Kind
from tertulia.people.sign_in import providers
from tertulia.people.sign_in.refusals import SignInFailed


def _guarded(page: Callable[..., HttpResponse], **wants: bool) -> Callable[..., HttpResponse]:
    @csrf_exempt  # the other side posts; what it says is signed
    @login_not_required  # type: ignore[untyped-decorator]  # allauth ships no types
    def view(request: HttpRequest, slug: str) -> HttpResponse:
        throttles.spend_elsewhere(request)
        record = providers.enabled_one(slug, Kind.SAML)
        request.saml_wants = wants  # type: ignore[attr-defined]  # read by `SamlProvider`
        try:
            return page(request, organization_slug=slug)
        except (LxmlError, OneLogin_Saml2_Error, ValueError):
            raise SignInFailed(record.name, _("It sent no SAML message that can be read.")) from None

    guarded: Callable[..., HttpResponse] = view
    return guarded


finish = _guarded(finish_acs)
# Else anybody could end somebody's session by a link. The certificate is always known: no metadata counts without one.
signing_out = _guarded(sls, want_message_signed=True)
# Says that assertions may be encrypted for us; whether they are is the other side's choice, so only this says so.
description = _guarded(metadata, want_assertion_encrypted=True)
