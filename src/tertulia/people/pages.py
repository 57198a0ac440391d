"""HTML pages of accounts and profiles: parse, one verb or read, respond."""

from __future__ import annotations

import uuid
import zoneinfo
from datetime import datetime
from http import HTTPStatus

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from tertulia.kernel.clock import now
from tertulia.kernel.errors import NotFound, Refusal, TooMany
from tertulia.people import access, faces, queries, services
from tertulia.people.forms import (
    HandOverForm,
    PictureForm,
    PreferencesForm,
    ProfileForm,
    TokenForm,
    WelcomeForm,
    refuse,
)
from tertulia.people.models import Person
from tertulia.ui import errors

MAX_AGE = 60 * 60 * 24 * 365
SOON = 300
SLOW_DOWN_SECONDS = 60

page = require_http_methods(["GET", "HEAD", "POST"])


def me(request: HttpRequest) -> Person:
    """The signed-in person; pages that ask stand behind `login_required`."""
    assert isinstance(request.user, Person)
    return request.user


@page
@never_cache
@sensitive_post_parameters("password")
def welcome(request: HttpRequest) -> HttpResponse:
    """The first page of an empty installation makes its owner; nothing is here once somebody exists."""
    if queries.anybody_exists():
        raise NotFound
    form = WelcomeForm(request.POST or None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            owner = services.create_first_owner(
                display_name=data["display_name"],
                email=data["email"],
                password=data["password"],
                time_zone=data["time_zone"],
            )
        except NotFound:
            raise
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            get_adapter().login(request, owner)
            messages.success(request, _("Welcome, %(name)s. This is yours now.") % {"name": owner.display_name})
            return redirect("/")
    return _form_page(request, "people/welcome.html", form)


def slow_down(request: HttpRequest) -> HttpResponse:
    """handler429, for the limits that allauth keeps itself."""
    sentence = _("That was a lot at once. Please wait a minute and try again.")
    return errors.refused(request, TooMany(sentence, retry_after=SLOW_DOWN_SECONDS))


@login_required
@require_safe
def profile(request: HttpRequest, handle: str) -> HttpResponse:
    """A person, as far as the reader may see them. A placeholder's old handle leads to whoever claimed it."""
    sight = access.sight(me(request), handle)
    if sight.person.handle != handle:
        return redirect("people:profile", sight.person.handle)
    context = {
        "person": sight.person,
        "sight": sight,
        "is_me": sight.relation is access.Relation.SELF,
        "shows": {field: sight.shows(field) for field in access.FIELDS},
        "may_hand_over": access.may_hand_over(me(request), sight.person),
        "blocked": queries.has_blocked(me(request), sight.person.pk),
        "local_time": _local_time(sight.person) if sight.shows("time_zone") else None,
    }
    return render(request, "people/profile.html", context)


@login_required
@page
def hand_over(request: HttpRequest, handle: str) -> HttpResponse:
    """The installation's owner says whose account somebody from an import is."""
    placeholder = access.claimable(me(request), handle)
    form = HandOverForm(request.POST or None)
    if form.is_valid():
        try:
            person = access.visible_person(me(request), form.cleaned_data["handle"].removeprefix("@"))
            services.claim_placeholder(actor=me(request), placeholder=placeholder, person=person)
        except NotFound:
            form.add_error("handle", _("You meet nobody with this handle."))
        except Refusal as refusal:
            form.add_error("handle", refusal.detail)
        else:
            done = _("What %(placeholder)s said is now %(name)s’s.")
            messages.success(request, done % {"placeholder": placeholder.display_name, "name": person.display_name})
            return redirect(person)
    return _form_page(request, "people/hand_over.html", form, person=placeholder)


@login_required
@require_POST
def block(request: HttpRequest, handle: str) -> HttpResponse:
    """Block somebody; undone by the toast's button."""
    person = access.visible_person(me(request), handle)
    services.block(actor=me(request), person=person)
    messages.success(
        request,
        _("You have blocked %(name)s.") % {"name": person.display_name},
        extra_tags=f"undo={reverse('people:unblock', args=[person.handle])}",
    )
    return redirect(_next(request) or person.get_absolute_url())


@login_required
@require_POST
def unblock(request: HttpRequest, handle: str) -> HttpResponse:
    """Unblock somebody, whether or not one still meets them anywhere."""
    person = access.blocked_person(me(request), handle)
    services.unblock(actor=me(request), person=person)
    messages.success(request, _("You have unblocked %(name)s.") % {"name": person.display_name})
    return redirect(_next(request) or "people:blocks")


@login_required
@require_GET
def picture(request: HttpRequest, person_id: uuid.UUID) -> HttpResponseBase:
    """A person's picture, or their generated face where there is none or it is not for this reader."""
    person, is_shown = access.picture(me(request), person_id)
    tag = f'"{person.picture if is_shown else "face"}"'
    response: HttpResponseBase
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponseNotModified()
    elif is_shown and default_storage.exists(person.picture):
        response = FileResponse(default_storage.open(person.picture), content_type="image/webp")
    else:
        response = HttpResponse(faces.face(person.pk.hex), content_type="image/svg+xml")
    # The address names the picture. A face that stands for a hidden picture must not outlive the hiding.
    lasts = f"max-age={MAX_AGE}, immutable" if is_shown or not person.picture else f"max-age={SOON}"
    response["Cache-Control"] = f"private, {lasts}"
    response["Vary"] = "Cookie"
    response["ETag"] = tag
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@login_required
@page
def settings_profile(request: HttpRequest) -> HttpResponse:
    """Settings: what others see."""
    form = ProfileForm(request.POST or None, person=me(request))
    if form.is_valid():
        try:
            services.update_profile(actor=me(request), **form.changes())
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("Your profile is saved."))
            return redirect("people:settings")
    return _form_page(request, "people/settings.html", form, picture_form=PictureForm())


@login_required
@page
def set_picture(request: HttpRequest) -> HttpResponse:
    """Settings: a new picture."""
    form = PictureForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            services.set_picture(actor=me(request), upload=form.cleaned_data["picture"], crop=form.crop())
        except TooMany:
            raise
        except Refusal as refusal:
            form.add_error("picture", refusal.detail)
        else:
            messages.success(request, _("Your picture is saved."))
            return redirect("people:settings")
    return _form_page(request, "people/picture.html", form)


@login_required
@require_POST
def remove_picture(request: HttpRequest) -> HttpResponse:
    """Settings: back to the generated face."""
    services.remove_picture(actor=me(request))
    messages.success(request, _("Your picture is removed."))
    return redirect("people:settings")


@login_required
@page
def preferences(request: HttpRequest) -> HttpResponse:
    """Settings: how one's own pages look."""
    form = PreferencesForm(request.POST or None, person=me(request))
    if form.is_valid():
        services.update_profile(actor=me(request), **form.changes())
        messages.success(request, _("Your preferences are saved."))
        return redirect("people:preferences")
    return _form_page(request, "people/preferences.html", form)


@login_required
@require_POST
def door(request: HttpRequest) -> HttpResponse:
    """Open or close one's door from anywhere: `open` is 1 or 0."""
    services.set_door(actor=me(request), is_open=request.POST.get("open") == "1")
    if request.headers.get("HX-Request"):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return redirect(_next(request) or "people:preferences")


@login_required
@page
@never_cache
def tokens(request: HttpRequest) -> HttpResponse:
    """Settings: access tokens. A new one is shown in the answer to the form that made it and never again."""
    form = TokenForm(request.POST or None)
    new = None
    if form.is_valid():
        try:
            new = services.create_token(
                actor=me(request),
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=form.expires_at(),
            )
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            form = TokenForm()
    return _form_page(request, "people/tokens.html", form, new=new, tokens=queries.tokens(me(request)), now=now())


@login_required
@require_POST
def revoke_token(request: HttpRequest, token_id: uuid.UUID) -> HttpResponse:
    """Settings: end a token."""
    services.revoke_token(actor=me(request), token_id=token_id)
    messages.success(request, _("The token is revoked. Programs that used it are refused from now on."))
    return redirect("people:tokens")


@login_required
@require_safe
def blocks(request: HttpRequest) -> HttpResponse:
    """Settings: people one has blocked."""
    return render(request, "people/blocks.html", {"people": queries.blocked_people(me(request))})


def _local_time(person: Person) -> datetime | None:
    if person.is_placeholder and person.time_zone == "UTC":
        return None  # nobody said so
    try:
        return now().astimezone(zoneinfo.ZoneInfo(person.time_zone))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):  # a zone can vanish with the machine's update
        return None


def _form_page(request: HttpRequest, template: str, form: object, **context: object) -> HttpResponse:
    wrong = bool(getattr(form, "errors", None))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return render(request, template, {"form": form, **context}, status=status)


def _next(request: HttpRequest) -> str:
    """Where the reader came from, if the form says so and it is a page of ours."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else ""
