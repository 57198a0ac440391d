"""What the pages of LTI share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from tertulia.integrations.lti import access, attempts, refusals
from tertulia.integrations.lti.middleware import frame_by
from tertulia.integrations.lti.models import Attempt, Platform
from tertulia.integrations.lti.refusals import Wrong
from tertulia.kernel.errors import Refusal
from tertulia.people.models import Person

View = Callable[..., HttpResponse]


def reader(request: HttpRequest) -> Person:
    """The person signed in; pages that call it require that."""
    assert isinstance(request.user, Person)
    return request.user


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form sent, be it nothing; None for pages that are only looked at."""
    return request.POST if request.method == "POST" else None


def for_owners(view: View) -> View:
    """A page for owners of the installation; for everybody else it does not exist. Goes below `login_required`."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        access.check_owner(reader(request))
        return view(request, *args, **kwargs)

    return never_cache(guarded)


def refused(request: HttpRequest, wrong: Wrong, *, attempt: Attempt | None = None) -> HttpResponse:
    """The page of a launch that is refused, which is written down for the owners."""
    refusals.note(wrong, address=request.META.get("REMOTE_ADDR", ""))
    again = attempt.again if attempt is not None and wrong.reason is refusals.Reason.OTHER_BROWSER else {}
    context = {
        "text": refusals.to_person(wrong.reason),
        "code": wrong.reason.value,
        "mend": refusals.to_administrator(wrong.reason.value, wrong.details),
        "again": again,
    }
    return anywhere(render(request, "lti/refused.html", context, status=403))


def told(request: HttpRequest, refusal: Refusal, platform: Platform | None) -> HttpResponse:
    """The page of a refusal that is nobody's fault in the set-up: closed accounts, courses not opened yet."""
    context = {"text": refusal.detail, "code": "", "mend": "", "again": {}}
    response = render(request, "lti/refused.html", context, status=refusal.status)
    return frame_by(response, attempts.frame_origins(platform))


def anywhere(response: HttpResponse) -> HttpResponse:
    """A page with nothing to click but ways back to the LMS: it may stand in any frame, or nobody would see it."""
    return frame_by(response, ["*"])
