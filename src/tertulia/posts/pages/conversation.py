"""The pages of a channel: its conversation, a thread beside it, its pins, and parts of lists for scripts."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods

from tertulia.channels import access as channel_access
from tertulia.channels.access import Seat
from tertulia.kernel.errors import NotFound, Refusal
from tertulia.posts import access, queries, remembered, services, timeline
from tertulia.posts.conversation_html import Conversation, conversation_html
from tertulia.posts.forms import PostForm
from tertulia.posts.pages.reader import person_of
from tertulia.posts.remembered import SIZE as PAGE
from tertulia.posts.remembered import Edges


@login_required
@require_http_methods(["GET", "POST"])
def channel(request: HttpRequest, slug: str, channel_slug: str) -> HttpResponse:
    """A channel's conversation: at its unread line or end, a post (`?around=`), a date (`?date=`), or a page of it."""
    seat = channel_access.channel_by_slug(person_of(request), slug, channel_slug)
    if request.method == "POST":
        return _send(request, seat, None)
    return _conversation(request, seat)


@login_required
@require_http_methods(["GET", "POST"])
def thread(request: HttpRequest, slug: str, channel_slug: str, post_id: UUID) -> HttpResponse:
    """A thread beside its channel; for htmx and scripts the panel alone."""
    seat = channel_access.channel_by_slug(person_of(request), slug, channel_slug)
    if request.method == "POST":
        return _send(request, seat, post_id)
    context = _thread(request, seat, post_id)
    if request.headers.get("HX-Request"):
        return render(request, "posts/_thread.html", context)
    return _conversation(request, seat, side=render_to_string("posts/_thread.html", context, request))


@login_required
@require_GET
def part(request: HttpRequest, slug: str, channel_slug: str) -> HttpResponse:
    """More of a conversation, before or after a place: a bare list."""
    seat = channel_access.channel_by_slug(person_of(request), slug, channel_slug)
    return HttpResponse(remembered.page(seat, _edges(request)).part())


@login_required
@require_GET
def thread_part(request: HttpRequest, slug: str, channel_slug: str, post_id: UUID) -> HttpResponse:
    """More of a thread."""
    seat = channel_access.channel_by_slug(person_of(request), slug, channel_slug)
    root = _root(seat, post_id)
    page = queries.replies(root.id, **_edges(request), limit=PAGE)
    return render(request, "posts/_part.html", {"page": page, "rows": timeline.rows(page.posts, beside=True)})


@login_required
@require_GET
def pins(request: HttpRequest, slug: str, channel_slug: str) -> HttpResponse:
    """The pinned posts of a channel, beside it."""
    seat = channel_access.channel_by_slug(person_of(request), slug, channel_slug)
    context = {
        "seat": seat,
        "pinned": timeline.rows(queries.pinned(seat.channel.pk), beside=True),
        "close_url": seat.channel.get_absolute_url(),
    }
    if request.headers.get("HX-Request"):
        return render(request, "posts/_pins.html", context)
    return _conversation(request, seat, side=render_to_string("posts/_pins.html", context, request))


@login_required
@require_GET
def permalink(request: HttpRequest, post_id: UUID) -> HttpResponse:
    """From a post's own address to its place in its channel, or in its thread."""
    post, seat = access.post(person_of(request), post_id)
    here = [seat.place.workspace.slug, seat.channel.slug]
    if post.root_id:
        address = reverse("posts:thread", args=[*here, post.root_id])
        return redirect(f"{address}?at={post.seq}#side-post-{post.pk}")
    return redirect(f"{reverse('posts:channel', args=here)}?around={post.seq}#post-{post.pk}")


def _conversation(
    request: HttpRequest, seat: Seat, *, side: str = "", form: PostForm | None = None, status: int = 200
) -> HttpResponse:
    """The whole page. `side`: HTML beside it; `form`: what could not be sent."""
    edges = _place(request, seat)
    reading, posts = remembered.read(seat, edges)
    if not edges and reading.unread.first_seq is not None and reading.unread.count > PAGE - 10:
        posts = remembered.page(seat, {"around": reading.unread.first_seq})
    shown = Conversation(
        seat=seat,
        reading=reading,
        posts=posts,
        start=edges.get("around"),
        side=side,
        form=form,
    )
    return HttpResponse(conversation_html(request, shown), status=status)


def _place(request: HttpRequest, seat: Seat) -> Edges:
    """The edge of what the address asks for: a page of the conversation, a post, or the first post of a day."""
    if day := parse_date(request.GET.get("date", "")[:10]):
        moment = datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())
        seq = queries.seq_at(seat.channel.pk, moment)
        return {"around": seq} if seq is not None else {}
    return _edges(request)


def _thread(request: HttpRequest, seat: Seat, post_id: UUID) -> dict[str, Any]:
    person = person_of(request)
    root = _root(seat, post_id)
    reading = queries.thread_reading(person, root.id)
    at = _number(request, "at")
    edges: Edges = _edges(request) if at is None else {"around": at}
    page = queries.replies(root.id, **edges, limit=PAGE)
    if reading.unread:
        post, _seat = access.post(person, root.id)
        services.mark_thread_read(actor=person, seat=seat, post=post)
    draft = queries.draft(person, seat.channel.pk, root.id)
    return {
        "seat": seat,
        "root": root,
        "root_row": timeline.rows([root], beside=True),
        "replies": page,
        "reply_rows": timeline.rows(page.posts, unread_seq=reading.first_seq, beside=True),
        "reading": reading,
        "close_url": seat.channel.get_absolute_url(),
        "reply_form": PostForm(initial={"body": draft.body if draft else ""}, auto_id="reply_%s"),
        "longest": services.MAX_BODY,
        "most_files": services.MAX_FILES,
    }


def _root(seat: Seat, post_id: UUID) -> queries.PostState:
    root = queries.state(post_id)
    if root.channel_id != seat.channel.pk or root.root_id is not None:
        raise NotFound
    return root


def _send(request: HttpRequest, seat: Seat, root_id: UUID | None) -> HttpResponse:
    """The composer's form, posted as a form: scripts are off."""
    form = PostForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            state, _created = services.post(
                actor=person_of(request),
                seat=seat,
                body=form.cleaned_data["body"],
                root_id=root_id,
                client_id=form.cleaned_data["client_id"],
                file_ids=[
                    services.upload_file(actor=person_of(request), name=file.name or "", stream=file).pk
                    for file in form.cleaned_data["uploads"]
                ],
            )
        except Refusal as refusal:
            form.add_error("body", refusal.detail)
        else:
            return redirect("posts:permalink", state.id)
    for errors in form.errors.values():
        for error in errors:
            messages.error(request, str(error))
    if root_id is None:
        return _conversation(request, seat, form=form, status=422)
    context = {**_thread(request, seat, root_id), "reply_form": form}
    return _conversation(request, seat, side=render_to_string("posts/_thread.html", context, request), status=422)


def _edges(request: HttpRequest) -> Edges:
    """`before`, `after` or `around` of the address; the first that is a number."""
    if (before := _number(request, "before")) is not None:
        return {"before": before}
    if (after := _number(request, "after")) is not None:
        return {"after": after}
    if (around := _number(request, "around")) is not None:
        return {"around": around}
    return {}


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004 - digits of a bigint
