"""What services say when they cannot do what was asked: one sentence for people, one stable name for programs.

Services and access functions raise these; `ui.errors` turns them into pages and `config.api` into problem+json
(RFC 9457), so that the same refusal reads the same everywhere.
"""

from __future__ import annotations


class Refusal(Exception):
    """Something was not done. `detail` is a translated sentence that helps; `type` never changes between releases."""

    status = 400
    type = "refused"

    def __init__(  # `type` is the word of RFC 9457
        self,
        detail: str,
        *,
        type: str | None = None,  # noqa: A002 - as the RFC has it
        field: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        if type is not None:
            self.type = type


class NotFound(Refusal):
    """It does not exist, or this person may not know that it does: the answer is the same."""

    status = 404
    type = "not-found"

    def __init__(self, detail: str = "") -> None:
        from django.utils.translation import gettext as _

        super().__init__(detail or _("There is nothing here, or it is not yours to see."))


class Forbidden(Refusal):
    """The person may see the thing but may not do this to it."""

    status = 403
    type = "forbidden"


class Invalid(Refusal):
    """What was sent cannot be used; `field` names the culprit where there is one."""

    status = 422
    type = "invalid"


class Conflict(Refusal):
    """It clashes with what is there: a name in use, an archived channel, a vanished parent."""

    status = 409
    type = "conflict"


class TooMany(Refusal):
    """Too much in too little time; `retry_after` is in whole seconds."""

    status = 429
    type = "too-many"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Busy(Refusal):
    """Not now: too much is waiting, or what is needed is away; `retry_after` is in whole seconds."""

    status = 503
    type = "busy"

    def __init__(self, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class TooLarge(Refusal):
    """More than the limit; the sentence says the limit and the size."""

    status = 413
    type = "too-large"
