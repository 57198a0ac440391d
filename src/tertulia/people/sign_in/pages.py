"""Pages about signing in by outside systems: the person's own, and those of the installation's owners."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from tertulia.kernel.errors import Refusal
from tertulia.kernel.fetching import Unreachable
from tertulia.people import access, queries, services
from tertulia.people.models import Kind, Person
from tertulia.people.sign_in import arriving, kinds, providers
from tertulia.people.sign_in.forms import NewProviderForm, ProviderForm
from tertulia.people.sign_in.providers import Provider
from tertulia.people.sign_in.refusals import ProviderAway

page = require_http_methods(["GET", "HEAD", "POST"])


def _me(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user


@login_required
@require_safe
def ways(request: HttpRequest) -> HttpResponse:
    """Settings: how one can sign in, and by what else one could."""
    listed = queries.identities(_me(request))
    known = providers.enabled()
    mine = {identity.issuer for identity in listed}
    by_issuer = {_issuer(provider): provider for provider in known}
    context = {
        "listed": [(identity, by_issuer.get(identity.issuer)) for identity in listed],
        "others": [
            (provider, providers.login_address(provider, process="connect"))
            for provider in known
            if _issuer(provider) not in mine
        ],
        "proposed": next((identity.email for identity in listed if identity.email), ""),
        "confirmed": queries.may_sign_in_here(_me(request)),
        "only_elsewhere": providers.only_these() and not _me(request).is_owner,
    }
    return render(request, "people/ways.html", context)


@login_required
@require_POST
def unlink(request: HttpRequest, identity_id: uuid.UUID) -> HttpResponse:
    """Settings: no longer sign in by this."""
    services.unlink(actor=_me(request), identity=access.own_identity(_me(request), identity_id))
    messages.success(request, _("It is removed. You can no longer sign in that way."))
    return redirect("people:ways")


@page
@never_cache
def join(request: HttpRequest) -> HttpResponse:
    """Somebody came from outside, and says which account here is theirs: by signing in to it, and then by saying so."""
    waiting = arriving.waiting(request)
    if waiting is None:
        return redirect("people:ways" if request.user.is_authenticated else "account_login")
    arrival, wanted = waiting
    provider = providers.enabled_one(arrival.provider)
    if request.method == "POST" and request.POST.get("answer") == "no":
        arriving.forget(request)
        messages.info(request, _("Nothing was joined."))
        return redirect("people:ways" if request.user.is_authenticated else "account_login")
    if request.method == "POST" and request.user.is_authenticated:
        arriving.forget(request)
        services.link(
            actor=_me(request),
            issuer=arrival.issuer,
            subject=arrival.subject,
            email=arrival.email,
            system=provider.name,
            groups=arrival.groups,
        )
        arriving.note_came_by(request, arrival)
        messages.success(request, _("From now on you can sign in with %(name)s.") % {"name": provider.name})
        return redirect(wanted or "people:ways")
    return render(request, "people/join.html", {"arrival": arrival, "provider": provider})


@require_safe
@never_cache
def signed_out(request: HttpRequest) -> HttpResponse:
    """Signed out here; perhaps not where one came from."""
    left = request.session.get(arriving.LEFT)
    provider = _left_provider(left)
    if provider is None or request.user.is_authenticated:
        return redirect("/")
    return render(request, "people/signed_out.html", {"provider": provider})


@require_GET
@never_cache
def leave(request: HttpRequest) -> HttpResponse:
    """On to the outside system's own signing out, once."""
    left = request.session.pop(arriving.LEFT, None)
    provider = _left_provider(left)
    if provider is None or left is None:
        return redirect("/")
    try:
        address = kinds.way(request, provider).leaving_address(request, left["leaving"])
    except Unreachable as trouble:
        raise ProviderAway(provider.name, str(trouble)) from None
    if not address:
        messages.info(
            request,
            _("%(name)s offers no way to sign out from here. Do it there, or close your browser.")
            % {"name": provider.name},
        )
        return redirect("account_login")
    return redirect(address)


@login_required
@require_safe
def installation(request: HttpRequest) -> HttpResponse:
    """Where owners find the pages of the installation."""
    access.check_installation(_me(request))
    return render(request, "people/installation.html", {"count": len(providers.enabled())})


@login_required
@require_safe
def provider_list(request: HttpRequest) -> HttpResponse:
    """Installation: by what people sign in."""
    access.check_installation(_me(request))
    context = {"providers": providers.configured(), "owners_only": settings.LOCAL_SIGN_IN == "owners"}
    return render(request, "people/providers.html", context)


@login_required
@page
def new_provider(request: HttpRequest) -> HttpResponse:
    """Installation: one more, first step."""
    access.check_installation(_me(request))
    form = NewProviderForm(request.POST or None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            made = services.add_provider(actor=_me(request), kind=data["kind"], name=data["name"])
        except Refusal as refusal:
            form.add_error(refusal.field, refusal.detail)
        else:
            return redirect("people:provider", made.slug)
    return _form(request, "people/provider_new.html", form)


@login_required
@page
@never_cache
@sensitive_post_parameters("secret")
def provider(request: HttpRequest, slug: str) -> HttpResponse:
    """Installation: what the other side needs to know, and what we need to know of it."""
    access.check_installation(_me(request))
    record = providers.one(slug)
    form = ProviderForm(request.POST or None, provider=record)
    if record.id is not None and form.is_valid():
        try:
            trouble = services.change_provider(actor=_me(request), slug=slug, **form.changes())
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.detail)
        else:
            if trouble:
                messages.warning(request, _("It is saved, but: %(trouble)s") % {"trouble": trouble})
            else:
                messages.success(request, _("It is saved."))
            return redirect("people:provider", slug)
    context = {"provider": record, "tell": _tell(record), "people": queries.people_of_issuer(_issuer(record))}
    return _form(request, "people/provider.html", form, **context)


@login_required
@require_POST
def try_provider(request: HttpRequest, slug: str) -> HttpResponse:
    """Installation: ask the other side, and say in a sentence what is wrong."""
    access.check_installation(_me(request))
    record = providers.one(slug)
    try:
        messages.success(request, kinds.kind_of(record).try_out(record))
    except Unreachable as trouble:
        messages.error(request, str(trouble))
    return redirect("people:provider", slug)


@login_required
@require_POST
def remove_provider(request: HttpRequest, slug: str) -> HttpResponse:
    """Installation: one fewer."""
    services.remove_provider(actor=_me(request), slug=slug)
    messages.success(request, _("It is removed. Nobody can come in by it any more."))
    return redirect("people:providers")


def _form(request: HttpRequest, template: str, form: NewProviderForm | ProviderForm, **context: object) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, template, {"form": form, **context}, status=status)


def _tell(record: Provider) -> list[tuple[str, str]]:
    """What to enter on the other side: each with its usual name there."""
    base = settings.BASE_URL.removesuffix("/")
    if record.kind == Kind.SAML:
        metadata, acs, sls = (
            base + reverse(name, args=[record.slug]) for name in ("saml_metadata", "saml_acs", "saml_sls")
        )
        return [
            (_("Our metadata, and our entity ID"), metadata),
            (_("Assertion consumer service (ACS), by POST"), acs),
            (_("Single logout service (SLS), by redirect"), sls),
        ]
    return [
        (_("Redirect URI (callback)"), base + reverse(f"{record.kind}_callback", args=[record.slug])),
        (_("Where people land after signing out there"), f"{base}/"),
    ]


def _issuer(record: Provider) -> str:
    if not (record.address or record.metadata):
        return ""
    try:
        return kinds.kind_of(record).issuer_of(record)
    except Unreachable:
        return ""


def _left_provider(left: object) -> Provider | None:
    slug = left.get("provider") if isinstance(left, dict) else None
    return next((provider for provider in providers.enabled() if provider.slug == slug), None)
