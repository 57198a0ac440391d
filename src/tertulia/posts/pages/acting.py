"""What people do to one post: its menu, and each verb as a plain form.

With htmx the answer is a toast; frames do the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tertulia.channels import access as channel_access
from tertulia.kernel.errors import NotFound
from tertulia.posts import access, queries, services
from tertulia.posts.forms import EditForm
from tertulia.posts.models import Kind
from tertulia.posts.pages.reader import person_of

View = Callable[..., HttpResponse]
QUICK = ("👍", "❤️", "🎉", "😂", "🤔", "👀")
"""Reactions offered in the menu itself."""


@login_required
@require_GET
def actions(request: HttpRequest, post_id: UUID) -> HttpResponse:
    """Everything that this reader may do with a post: a page with scripts off, a menu for scripts."""
    person = person_of(request)
    post, seat = access.post(person, post_id)
    if post.kind == Kind.SYSTEM:
        raise NotFound
    state = queries.state(post.pk)
    marks = queries.own_marks(person, [post.pk])
    root_id = post.root_id or post.pk
    context = {
        "post": state,
        "seat": seat,
        "saved": post.pk in marks.saved,
        "following": queries.thread_reading(person, root_id).following,
        "root_id": root_id,
        "permalink": request.build_absolute_uri(reverse("posts:permalink", args=[post.pk])),
        "may_edit": access.may_edit(seat, post),
        "may_delete": access.may_delete(seat, post),
        "may_react": access.may_react(seat, post),
        "may_pin": access.may_pin(seat) and post.deleted_at is None,
        "may_see_versions": post.edited_at is not None and access.may_see_versions(seat, post),
        "quick": QUICK,
    }
    template = "posts/_menu.html" if request.headers.get("HX-Request") else "posts/actions.html"
    return render(request, template, context)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, post_id: UUID) -> HttpResponse:
    """Change one's words: a page, or the form alone for scripts."""
    person = person_of(request)
    post, seat = access.post(person, post_id)
    if not access.may_edit(seat, post):
        raise NotFound
    form = EditForm(request.POST or None, initial={"body": post.body})
    if request.method == "POST" and form.is_valid():
        services.edit(actor=person, seat=seat, post=post, body=form.cleaned_data["body"])
        return redirect("posts:permalink", post.pk)
    template = "posts/_edit_form.html" if request.headers.get("HX-Request") else "posts/edit.html"
    return render(request, template, {"form": form, "post": post, "seat": seat})


@login_required
@require_GET
def history(request: HttpRequest, post_id: UUID) -> HttpResponse:
    """What a post said before each edit."""
    post, seat = access.post(person_of(request), post_id)
    if not access.may_see_versions(seat, post):
        raise NotFound
    context = {"post": queries.state(post.pk), "versions": queries.versions(post), "seat": seat}
    return render(request, "posts/history.html", context)


@login_required
@require_POST
def react(request: HttpRequest, post_id: UUID) -> HttpResponse:
    """Add one's reaction, or take it back where it is there."""
    person = person_of(request)
    post, seat = access.post(person, post_id)
    emoji = request.POST.get("emoji", "")
    mine = any(
        reacted.emoji == emoji and person.pk in reacted.person_ids for reacted in queries.state(post.pk).reactions
    )
    verb = services.unreact if mine else services.react
    verb(actor=person, seat=seat, post=post, emoji=emoji)
    return _done(request, post.pk)


@login_required
@require_POST
def delete(request: HttpRequest, post_id: UUID) -> HttpResponse:
    """Take a post away; its place stays, and for a while so does the way back."""
    person = person_of(request)
    post, seat = access.post(person, post_id)
    services.delete(actor=person, seat=seat, post=post)
    return _done(request, post.pk, _("The message is deleted."), undo=reverse("posts:undelete", args=[post.pk]))


def verb(work: Callable[..., Any], said: Promise, undo: str = "", *, seated: bool = True) -> View:
    """A page for a verb that takes (actor, post, seat): does it and says so; `undo` names the URL that takes it back.

    `seated=False`: the verb is about the actor alone and takes no seat.
    """

    @login_required
    @require_POST
    def page(request: HttpRequest, post_id: UUID) -> HttpResponse:
        person = person_of(request)
        post, seat = access.post(person, post_id)
        work(actor=person, post=post, **({"seat": seat} if seated else {}))
        return _done(request, post.pk, said, undo=reverse(f"posts:{undo}", args=[post.pk]) if undo else "")

    return page


def following(*, follow: bool) -> View:
    """Follow a thread or stop; htmx gets the other button."""

    @login_required
    @require_POST
    def page(request: HttpRequest, post_id: UUID) -> HttpResponse:
        person = person_of(request)
        post, seat = access.post(person, post_id)
        services.follow_thread(actor=person, seat=seat, post=post, following=follow)
        if request.headers.get("HX-Target") == "follow":
            return render(request, "posts/_follow.html", {"root_id": post.root_id or post.pk, "following": follow})
        said = _("You will hear of new replies.") if follow else _("You will hear no more of this thread.")
        return _done(request, post.pk, said)

    return page


@login_required
@require_POST
def read(request: HttpRequest, slug: str, channel_slug: str) -> HttpResponse:
    """Mark a channel as read up to a place: the button that shows with scripts off."""
    person = person_of(request)
    seat = channel_access.channel_by_slug(person, slug, channel_slug)
    text = request.POST.get("seq", "")
    seq = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0  # noqa: PLR2004 - digits of a bigint
    services.mark_read(actor=person, seat=seat, seq=seq)
    return redirect(seat.channel)


def _done(request: HttpRequest, post_id: UUID, said: Promise | str = "", *, undo: str = "") -> HttpResponse:
    if request.headers.get("HX-Request") or "application/problem+json" in request.headers.get("Accept", ""):
        response = HttpResponse(status=204)
        if said:
            toast = {"text": str(said), "level": "success", **({"undo": undo} if undo else {})}
            response["HX-Trigger"] = json.dumps({"toast": toast})
        return response
    if said:
        messages.success(request, str(said), extra_tags=f"undo={undo}" if undo else "")
    return redirect("posts:permalink", post_id)
