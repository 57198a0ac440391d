"""What learners are told where they write: a post in each place that counts, which changes with the rule."""

from __future__ import annotations

import contextlib
import uuid

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tertulia.channels import access as channel_access
from tertulia.channels.access import Seat
from tertulia.integrations.lti.models import Grade
from tertulia.integrations.lti.services import contributions
from tertulia.integrations.lti.services.threads import escaped
from tertulia.kernel.errors import NotFound, Refusal
from tertulia.people.models import Person
from tertulia.posts import services as posts
from tertulia.posts.models import Post


def tell(grade: Grade) -> None:
    """Say in every place that counts what counts, and take it back where nothing counts any more. Idempotent."""
    wanted = _places(grade)
    notices = dict(grade.notices)
    for place in notices.keys() - wanted.keys():
        _withdraw(grade, notices.pop(place))
    for place, (channel_id, root_id) in wanted.items():
        notices[place] = _say(grade, notices.get(place), channel_id, root_id) or notices.get(place)
    notices = {place: post for place, post in notices.items() if post}
    if notices != grade.notices:
        grade.notices = notices
        Grade.objects.filter(pk=grade.pk).update(notices=notices)


def end(grade: Grade) -> None:
    """It counts no more: what was said is withdrawn."""
    for post_id in grade.notices.values():
        _withdraw(grade, post_id)
    grade.notices = {}
    Grade.objects.filter(pk=grade.pk).update(notices={})


def rule(grade: Grade) -> str:
    """What counts, as a sentence for learners."""
    words = {"wanted": grade.wanted, "words": grade.fewest_words, "maximum": f"{grade.line_maximum or grade.maximum:g}"}
    one = ngettext(
        "%(wanted)d contribution of at least %(words)d words gives all %(maximum)s points.",
        "%(wanted)d contributions of at least %(words)d words each give all %(maximum)s points, fewer give a part.",
        grade.wanted,
    )
    said = [
        one % words,
        _("Posts and replies count; the same words again count once, and what is removed counts no more."),
    ]
    if grade.until is not None:
        moment = timezone.localtime(grade.until)
        date = date_format(moment, "DATETIME_FORMAT")
        said.append(_("It counts until %(date)s (%(zone)s).") % {"date": date, "zone": moment.tzname() or "UTC"})
    return " ".join(said)


def _places(grade: Grade) -> dict[str, tuple[uuid.UUID, uuid.UUID | None]]:
    if grade.channels:
        return {str(channel_id): (channel_id, None) for channel_id in grade.channels}
    thread_id = contributions.thread_of(grade.link) if grade.link is not None else None
    thread = Post.objects.filter(pk=thread_id, deleted_at=None).first() if thread_id is not None else None
    return {str(thread.pk): (thread.channel_id, thread.pk)} if thread is not None else {}


def _say(grade: Grade, post_id: str | None, channel_id: uuid.UUID, root_id: uuid.UUID | None) -> str | None:
    """The id of the post that says it now; None if nobody may say it there."""
    body = _body(grade)
    if post_id is not None:
        with contextlib.suppress(Refusal):
            _change(post_id, body)
            return post_id
    with contextlib.suppress(Refusal):
        if grade.by is None or not grade.by.is_active:
            return None
        seat = channel_access.channel(grade.by, channel_id)
        # The same post again after it was switched off and on, and if its answer was lost.
        client_id = uuid.uuid5(grade.pk, f"{channel_id} {root_id} {post_id}")
        said, is_new = posts.post(actor=grade.by, seat=seat, body=body, root_id=root_id, client_id=client_id)
        try:
            post = Post.objects.get(pk=said.id) if is_new else _change(str(said.id), body)[0]
        except NotFound:  # that one was removed
            said, _new = posts.post(actor=grade.by, seat=seat, body=body, root_id=root_id)
            post = Post.objects.get(pk=said.id)
        if root_id is None and post.pinned_at is None:
            with contextlib.suppress(Refusal):
                posts.pin(actor=grade.by, post=post, seat=seat)
        return str(post.pk)
    return None


def _withdraw(grade: Grade, post_id: str) -> None:
    over = _("~~Taking part here counts for “%(label)s”.~~ It counts no more.") % {"label": escaped(grade.label)}
    with contextlib.suppress(Refusal):
        post, seat = _change(post_id, over)
        if post.pinned_at is not None:
            posts.unpin(actor=post.author, post=post, seat=seat)


def _change(post_id: str, body: str) -> tuple[Post, Seat]:
    """Edit what was said, as who said it. Raises Refusal where it is gone, or they may not any more."""
    post = Post.objects.select_related("author", "channel").filter(pk=post_id, deleted_at=None).first()
    if post is None or not isinstance(post.author, Person):
        raise NotFound
    seat = channel_access.channel(post.author, post.channel_id)
    if post.body != body:
        posts.edit(actor=post.author, post=post, seat=seat, body=body)
    return post, seat


def _body(grade: Grade) -> str:
    assert grade.context.workspace is not None
    address = f"{settings.BASE_URL}{reverse('lti:mine', args=[grade.context.workspace.slug])}"
    here = _("Taking part here counts for a grade in your course: “%(label)s”.") % {"label": escaped(grade.label)}
    return "\n\n".join([f"**{here}**", escaped(rule(grade)), f"[{_('What was sent of you')}](<{address}>)"])
