"""Owners connect platforms, say which courses are followed, and try whether it works."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Kind as SystemKind
from tertulia.integrations.openedx import access, asking, following, jobs, provider, reading
from tertulia.integrations.openedx.models import NAME_LENGTH, Connection, Every
from tertulia.kernel import audit, fetching
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Invalid
from tertulia.kernel.fetching import Unreachable
from tertulia.kernel.sealing import seal, unseal
from tertulia.kernel.tidying import line
from tertulia.people.models import Kind as ProviderKind
from tertulia.people.models import Person
from tertulia.people.sign_in import providers

SECRET_BYTES = 32
ID_LENGTH = 255
_WEBHOOKS = "tertulia openedx webhooks"  # what is sealed opens under this very word only
_PLAIN = ("name", "address", "client_id", "follow", "every", "mail_verified", "reads_accounts", "is_active")


class Fields(TypedDict, total=False):
    """What an owner may say of a platform. An empty `client_secret` leaves the one that is there.

    `follow`: course keys, in which `*` stands for anything; `largest_share`: percent of a course's people who may go by
    one roster unconfirmed.
    """

    name: str
    address: str
    client_id: str
    client_secret: str
    follow: Sequence[str]
    every: int
    mail_verified: bool
    reads_accounts: bool
    is_active: bool
    largest_share: int


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing that was tried: what it is called, whether it works, and what came of it as a sentence."""

    what: str
    works: bool
    detail: str


def add_connection(*, actor: Person, **fields: Unpack[Fields]) -> Connection:
    """Connect a platform. Its courses are read and those that are followed get their rosters, by jobs.

    Raises NotFound for everybody but owners, Invalid with its field, Conflict if the address is connected already.
    """
    access.check_owner(actor)
    for name in ("name", "address", "client_id", "client_secret"):
        if not fields.get(name):
            raise Invalid(_("This is needed."), field=name)
    made = Connection(created_by=actor)
    _set(made, fields)
    with transaction.atomic():
        made.system = enrolments.open_system(
            kind=SystemKind.OPENEDX, name=made.name, issuer=issuer_of(made), mail_verified=made.mail_verified
        )
        _keep_system(made, fields.get("largest_share"))
        _save(made)
        _record(actor, "connected", made, {}, _described(made))
        following.apply(made)
        jobs.list_courses.defer(connection_id=str(made.pk))
    return made


def change_connection(*, actor: Person, connection: Connection, **fields: Unpack[Fields]) -> Connection:
    """Change what is given. Raises as `add_connection`."""
    access.check_owner(actor)
    with transaction.atomic():
        locked = Connection.objects.select_for_update(no_key=True, of=("self",)).select_related("system")
        changed = locked.get(pk=connection.pk)
        before = _described(changed)
        is_elsewhere = _set(changed, fields)
        if is_elsewhere:
            changed.token, changed.token_until, changed.paused_until = b"", None, None
        _save(changed)
        _keep_system(changed, fields.get("largest_share"))
        after = _described(changed)
        if fields.get("client_secret"):
            after["client_secret"] = _("a new one")
        if after != before:
            _record(actor, "changed", changed, before, after)
        if fields.get("follow") is not None:
            following.apply(changed)
    return changed


def remove_connection(*, actor: Person, connection: Connection) -> None:
    """Forget a platform and what was read from it. What it has said of people stays, and so do they."""
    access.check_owner(actor)
    with transaction.atomic():
        _record(actor, "removed", connection, _described(connection), {})
        connection.delete()


def new_webhook_secret(*, actor: Person, connection: Connection) -> str:
    """A secret by which the platform's webhooks are known; the one before counts no longer. Shown this once."""
    access.check_owner(actor)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    connection.webhook_secret, connection.webhook_secret_at = seal(secret, purpose=_WEBHOOKS), now()
    with transaction.atomic():
        connection.save(update_fields=["webhook_secret", "webhook_secret_at"])
        _record(actor, "made a webhook secret", connection, {}, {})
    return secret


def no_webhooks(*, actor: Person, connection: Connection) -> None:
    """Take no webhooks from this platform."""
    access.check_owner(actor)
    connection.webhook_secret, connection.webhook_secret_at = b"", None
    with transaction.atomic():
        connection.save(update_fields=["webhook_secret", "webhook_secret_at"])
        _record(actor, "switched webhooks off", connection, {}, {})


def webhook_secret(connection: Connection) -> str:
    """The secret itself, to compare with; "" if there is none."""
    return unseal(connection.webhook_secret, purpose=_WEBHOOKS)


def issuer_of(connection: Connection) -> str:
    """By what name the platform's people are known here: that of its sign-in, where people sign in by it."""
    for known in providers.configured():
        if known.kind == ProviderKind.OPENEDX and _same(known.address, connection.address):
            return provider.issuer(known)
    return asking.address(connection, "/oauth2")


def host_of(connection: Connection) -> str:
    """What the platform is called among the facts that rules are made of."""
    return urlsplit(connection.address).netloc.lower()


def try_out(*, actor: Person, connection: Connection) -> list[Tried]:
    """Ask for a token, enrolments, cohorts, names and the course list: what works, and what to do where it does not."""
    access.check_owner(actor)
    asking.forget_token(connection)
    with transaction.atomic():
        _keep_system(connection)
    steps: list[tuple[str, Callable[[], str]]] = [
        (_("Token"), lambda: _try_token(connection)),
        (_("Course list"), lambda: _try_courses(connection)),
        (_("Enrolments"), lambda: _try_enrolments(connection)),
        (_("Cohorts"), lambda: _try_cohorts(connection)),
        (_("Names and addresses"), lambda: _try_accounts(connection)),
    ]
    found: list[Tried] = []
    for what, step in steps:
        found.append(_tried(what, step))
        if len(found) == 1 and not found[0].works:
            break
    return found


def _tried(what: str, step: Callable[[], str]) -> Tried:
    try:
        return Tried(what, works=True, detail=step())
    except asking.Wait as wait:
        return Tried(
            what,
            works=False,
            detail=ngettext(
                "The platform gets no more requests for %(seconds)d second. Try again then.",
                "The platform gets no more requests for %(seconds)d seconds. Try again then.",
                wait.seconds,
            )
            % {"seconds": wait.seconds},
        )
    except Unreachable as trouble:
        return Tried(what, works=False, detail=str(trouble))


def _try_token(connection: Connection) -> str:
    asking.token(connection)
    return _("The platform knows the client. It acts as “%(username)s”.") % {"username": connection.username or "?"}


def _try_courses(connection: Connection) -> str:
    found, has_more = reading.courses(connection, 1)
    if not found:
        raise Unreachable(_("It shows no course to this user. Courses can be followed by their keys all the same."))
    if has_more:
        return _("It shows its courses, more than %(count)d.") % {"count": len(found)}
    return ngettext("It shows %(count)d course.", "It shows %(count)d courses.", len(found)) % {"count": len(found)}


def _try_enrolments(connection: Connection) -> str:
    key = _some_course(connection)
    try:
        found, cursor = reading.enrolments(connection, key, "")
    except asking.Refused as refused:
        raise Unreachable(
            _("%(refusal)s The user of the client has to be staff of the whole platform (“Staff status”).")
            % {"refusal": refused}
        ) from None
    return (_("More than %(count)d lines of %(course)s.") if cursor else _("%(count)d lines of %(course)s.")) % {
        "count": len(found),
        "course": key,
    }


def _try_cohorts(connection: Connection) -> str:
    found = reading.cohorts(connection, _some_course(connection), 1)
    return ngettext("%(count)d cohort.", "%(count)d cohorts.", len(found)) % {"count": len(found)}


def _try_accounts(connection: Connection) -> str:
    if not connection.username:
        raise Unreachable(_("The token does not say which user it is about, so there is nobody to ask for."))
    reading.accounts(connection, [connection.username])
    return _("They may be read.")


def _some_course(connection: Connection) -> str:
    known = connection.courses.order_by("-is_followed", "key").values_list("key", flat=True).first()
    if known is None:
        found, _has_more = reading.courses(connection, 1)
        known = found[0].key if found else None
    if known is None:
        raise Unreachable(_("No course is known yet to try it with. Enter the key of one under “Courses”."))
    return known


def _set(connection: Connection, fields: Fields) -> bool:
    """Take over what is given; whether it is another client or platform now."""
    was = (connection.address, connection.client_id)
    if "name" in fields:
        label = _("name")
        connection.name = line(fields["name"], field="name", label=label, longest=NAME_LENGTH, required=True)
    if "address" in fields:
        connection.address = _address(fields["address"])
    if "client_id" in fields:
        connection.client_id = _word(fields["client_id"], "client_id")
    if fields.get("client_secret"):
        connection.client_secret = asking.sealed_secret(_word(fields["client_secret"], "client_secret"))
    if "follow" in fields:
        connection.follow = following.patterns(fields["follow"])
    if "every" in fields:
        if fields["every"] not in Every.values:
            raise Invalid(_("Choose one of the intervals."), field="every")
        connection.every = fields["every"]
    connection.mail_verified = fields.get("mail_verified", connection.mail_verified)
    connection.reads_accounts = fields.get("reads_accounts", connection.reads_accounts)
    connection.is_active = fields.get("is_active", connection.is_active)
    return was != (connection.address, connection.client_id) or bool(fields.get("client_secret"))


def _keep_system(connection: Connection, share: int | None = None) -> None:
    """The system is called as its people are: a sign-in provider may have been set up, or its issuer entered, since."""
    enrolments.change_system(
        system=connection.system,
        name=connection.name,
        mail_verified=connection.mail_verified,
        largest_share=share,
    )
    with suppress(Conflict):  # people who are known by both names would need somebody to join the two
        enrolments.change_system(system=connection.system, issuer=issuer_of(connection))


def _save(connection: Connection) -> None:
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError as error:
        if "address" not in str(error):
            raise
        raise Conflict(_("This platform is connected already."), type="platform-connected", field="address") from None


def _address(value: str) -> str:
    try:
        parts = urlsplit(fetching.check_address(value.strip()))
    except Unreachable as trouble:
        raise Invalid(str(trouble), field="address") from None
    if parts.query or parts.fragment:
        raise Invalid(_("Enter the address of the platform's first page, without “?” and “#”."), field="address")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _word(value: str, field: str) -> str:
    value = value.strip()
    if not value or len(value) > ID_LENGTH or not value.isprintable():
        raise Invalid(_("This has 1 to 255 characters, as the platform shows them."), field=field)
    return value


def _same(one: str, other: str) -> bool:
    return one.rstrip("/").lower() == other.rstrip("/").lower()


def _described(connection: Connection) -> dict[str, Any]:
    return {name: getattr(connection, name) for name in _PLAIN} | {"largest_share": connection.system.largest_share}


def _record(actor: Person, verb: str, connection: Connection, before: dict[str, Any], after: dict[str, Any]) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        object_kind="Open edX platform",
        object_id=connection.pk,
        before={name: value for name, value in before.items() if after.get(name) != value},
        after={name: value for name, value in after.items() if before.get(name) != value},
    )
