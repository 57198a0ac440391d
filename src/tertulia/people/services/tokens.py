"""Access tokens: made, shown once, taken back."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.kernel import audit, bus
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Invalid
from tertulia.kernel.tidying import tidy
from tertulia.people import access
from tertulia.people.models import AccessToken, Person
from tertulia.people.scopes import SCOPES
from tertulia.people.services import checks

SECRET_BYTES = 32
NAME_LENGTH = 80
MOST_TOKENS = 50


def create_token(
    *, actor: Person, name: str, scopes: Collection[str], expires_at: datetime | None
) -> tuple[AccessToken, str]:
    """Make a token of the actor's; returns it and the only sight of its text. `expires_at` None: until revoked.

    Raises Invalid for an empty or overlong name, for no or unknown scopes and for an end in the past, and Conflict
    when the actor has 50 already.
    """
    name = tidy(name)
    if not name:
        raise Invalid(_("Say what the token is for, so that you know it again."), field="name")
    if len(name) > NAME_LENGTH:
        raise checks.too_long("name", NAME_LENGTH, len(name))
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise Invalid(_("There is no scope “%(scope)s”.") % {"scope": unknown[0][:40]}, field="scopes")
    if not scopes:
        raise Invalid(_("Choose at least one thing that the token may do."), field="scopes")
    if expires_at is not None and expires_at <= now():
        raise Invalid(_("This moment is past. Choose a later one."), field="expires_at")
    secret = base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).rstrip(b"=").decode()
    raw = f"{access.TOKEN_PREFIX}{secret}"
    with transaction.atomic():
        Person.objects.select_for_update(no_key=True).get(pk=actor.pk)  # counts and inserts of one person take turns
        if AccessToken.objects.filter(person_id=actor.pk).count() >= MOST_TOKENS:
            raise Conflict(_("You have %(count)d tokens. Revoke one that you no longer use.") % {"count": MOST_TOKENS})
        token = AccessToken.objects.create(
            person=actor,
            name=name,
            digest=access.digest(raw),
            hint=raw[-4:],
            scopes=[scope for scope in SCOPES if scope in scopes],
            expires_at=expires_at,
        )
        token.refresh_from_db(fields=["created_at"])
        audit.record(
            actor=actor,
            verb="created token",
            object_kind="access token",
            object_id=token.pk,
            after={"name": name, "scopes": token.scopes, "expires_at": expires_at.isoformat() if expires_at else None},
        )
    return token, raw


def revoke_token(*, actor: Person, token_id: uuid.UUID) -> None:
    """End a token of the actor's at once. Raises NotFound for one that is not theirs."""
    with transaction.atomic():
        token = access.own_token(actor, token_id)
        audit.record(
            actor=actor,
            verb="revoked token",
            object_kind="access token",
            object_id=token.pk,
            before={"name": token.name, "scopes": token.scopes},
        )
        token.delete()
        bus.notify("identity", person=actor.pk)
