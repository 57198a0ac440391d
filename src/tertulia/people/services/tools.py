"""Owners of the installation say which tools sign people in through us; people say what those learn of them."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection, Sequence
from typing import Any, TypedDict, Unpack

from allauth.idp.oidc.models import Client, Token
from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.kernel import audit
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Invalid, NotFound
from tertulia.kernel.tidying import line
from tertulia.people import access
from tertulia.people.models import Consent, Person
from tertulia.people.tools import clients
from tertulia.people.tools.scopes import OPENID, SCOPES

NAME_LENGTH = 80
MOST_ADDRESSES = 20
SECRET_BYTES = 32


class ToolFields(TypedDict, total=False):
    """What can be said about a tool. `public`: it can keep no secret. `trusted`: people are not asked."""

    name: str
    redirect_uris: Sequence[str]
    logout_uris: Sequence[str]
    scopes: Collection[str]
    public: bool
    trusted: bool
    needs_pkce: bool


def add_tool(*, actor: Person, **fields: Unpack[ToolFields]) -> tuple[Client, str]:
    """Let a tool sign people in; returns it and the only sight of its secret ("" for a public one).

    Raises NotFound for who owns not the installation, Invalid for what cannot be used or is missing.
    """
    access.check_installation(actor)
    client = Client(owner=None, grant_types="authorization_code\nrefresh_token", response_types="code")
    client.default_scopes = OPENID
    given = ToolFields(**{"name": "", "redirect_uris": (), "scopes": (OPENID,), **fields})
    _fill(client, given)
    secret = _new_secret(client)
    with transaction.atomic():
        client.save(force_insert=True)
        _record(actor, "added a tool", client, {}, _described(client))
    return client, secret


def change_tool(*, actor: Person, client_id: str, **fields: Unpack[ToolFields]) -> tuple[Client, str]:
    """Change what is said of a tool; returns it, and a secret where one became needed. What it may no longer learn it
    learns no more, also by tokens that it has; one that must keep a secret from now on gets one, and begins anew.

    Raises as `add_tool`.
    """
    access.check_installation(actor)
    with transaction.atomic():
        client = _locked(client_id)
        before, was_public = _described(client), clients.is_public(client)
        _fill(client, fields)
        secret = ""
        if clients.is_public(client) != was_public:
            secret = _new_secret(client)
            Token.objects.filter(client=client).delete()
        client.save(force_update=True)
        after = _described(client)
        changed = [name for name in after if before[name] != after[name]]
        if changed:
            _record(
                actor,
                "changed a tool",
                client,
                {name: before[name] for name in changed},
                {name: after[name] for name in changed},
            )
    return client, secret


def renew_secret(*, actor: Person, client_id: str) -> tuple[Client, str]:
    """A new secret, seen this once; the old one is refused from now on. Raises NotFound, Invalid for a public tool."""
    access.check_installation(actor)
    with transaction.atomic():
        client = _locked(client_id)
        if clients.is_public(client):
            raise Invalid(_("This tool can keep no secret, so it has none."))
        secret = _new_secret(client)
        client.save(update_fields=["secret"])
        _record(actor, "changed a tool", client, {}, {"secret": "new"})
    return client, secret


def remove_tool(*, actor: Person, client_id: str) -> None:
    """Nobody signs in to it through us any more; its tokens end, and what people have allowed it is forgotten."""
    access.check_installation(actor)
    with transaction.atomic():
        client = _locked(client_id)
        _record(actor, "removed a tool", client, _described(client), {})
        client.delete()


def allow(*, actor: Person, client: Client, scopes: Collection[str]) -> Consent:
    """The actor signs in to this tool, which learns what these scopes say, besides what it was allowed before."""
    with transaction.atomic():
        consent, made = Consent.objects.select_for_update(no_key=True).get_or_create(person=actor, client=client)
        known = set(consent.scopes)
        consent.scopes = [scope for scope in SCOPES if scope in known | set(scopes)]
        consent.used_at = now()
        consent.save(update_fields=["scopes", "used_at"])
        if made or set(consent.scopes) != known:
            after = {"name": client.name, "scopes": consent.scopes}
            audit.record(actor=actor, verb="allowed a tool", object_kind="tool", object_id=client.pk, after=after)
    return consent


def take_back(*, actor: Person, consent_id: uuid.UUID) -> None:
    """The tool learns nothing more of the actor, and its tokens for them end at once. Raises NotFound."""
    with transaction.atomic():
        consent = (
            Consent.objects.select_for_update(of=("self",))
            .select_related("client")
            .filter(pk=consent_id, person=actor)
            .first()
        )
        if consent is None:
            raise NotFound
        Token.objects.filter(client=consent.client, user=actor).delete()
        audit.record(
            actor=actor,
            verb="took back from a tool",
            object_kind="tool",
            object_id=consent.client_id,
            before={"name": consent.client.name, "scopes": consent.scopes},
        )
        consent.delete()


def end_all(*, person: Person) -> None:
    """Nothing that tools hold of this person is good any more: their account is somebody else's now."""
    Token.objects.filter(user=person).delete()
    Consent.objects.filter(person=person).delete()


def _locked(client_id: str) -> Client:
    client = Client.objects.select_for_update(no_key=True).filter(pk=client_id).first()
    if client is None:
        raise NotFound
    return client


def _fill(client: Client, fields: ToolFields) -> None:
    if "name" in fields:
        client.name = line(fields["name"], field="name", label=_("name"), longest=NAME_LENGTH, required=True)
    if "public" in fields:
        client.type = Client.Type.PUBLIC if fields["public"] else Client.Type.CONFIDENTIAL
    public = clients.is_public(client)
    if "redirect_uris" in fields:
        found = _addresses(fields["redirect_uris"], public=public, field="redirect_uris")
        if not found:
            raise Invalid(
                _("The tool names an address to which people come back after signing in. Enter it here."),
                field="redirect_uris",
            )
        client.set_redirect_uris(found)
    if "logout_uris" in fields:
        client.set_post_logout_redirect_uris(_addresses(fields["logout_uris"], public=public, field="logout_uris"))
    if "scopes" in fields:
        client.set_scopes(_scopes(fields["scopes"]))
    if "trusted" in fields:
        client.skip_consent = fields["trusted"]
    if "needs_pkce" in fields:
        client.data = {**(client.data or {}), "needs_pkce": fields["needs_pkce"]}


def _addresses(given: Sequence[str], *, public: bool, field: str) -> list[str]:
    found = list(dict.fromkeys(address.strip() for address in given if address.strip()))
    if len(found) > MOST_ADDRESSES:
        raise Invalid(_("%(count)d addresses are the most.") % {"count": MOST_ADDRESSES}, field=field)
    return [clients.check_address(address, public=public, field=field) for address in found]


def _scopes(given: Collection[str]) -> list[str]:
    unknown = sorted(set(given) - set(SCOPES))
    if unknown:
        raise Invalid(_("There is no scope “%(scope)s”.") % {"scope": unknown[0][:40]}, field="scopes")
    return [scope for scope in SCOPES if scope in given or scope == OPENID]


def _new_secret(client: Client) -> str:
    # Nothing that RFC 6749, 2.3.1 encodes: some tools encode, some do not, and allauth does not decode.
    secret = secrets.token_hex(SECRET_BYTES)
    client.set_secret(secret)
    return "" if clients.is_public(client) else secret


def _described(client: Client) -> dict[str, Any]:
    return {
        "name": client.name,
        "redirect_uris": client.get_redirect_uris(),
        "logout_uris": client.get_post_logout_redirect_uris(),
        "scopes": client.get_scopes(),
        "public": clients.is_public(client),
        "trusted": client.skip_consent,
        "needs_pkce": clients.needs_pkce(client),
    }


def _record(actor: Person, verb: str, client: Client, before: dict[str, Any], after: dict[str, Any]) -> None:
    audit.record(actor=actor, verb=verb, object_kind="tool", object_id=client.pk, before=before, after=after)
