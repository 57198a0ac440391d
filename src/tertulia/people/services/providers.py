"""Owners of the installation say by which outside systems people sign in here."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.kernel import audit, fetching
from tertulia.kernel.errors import Conflict, Invalid, NotFound
from tertulia.kernel.fetching import Unreachable
from tertulia.kernel.tidying import tidy
from tertulia.people import access, names
from tertulia.people.models import Kind, Person, SignInProvider, Trust
from tertulia.people.sign_in import kinds, providers

NAME_LENGTH = 40
TEXT_LENGTH = 255
SECRET_LENGTH = 2000
METADATA_LENGTH = 1024 * 1024
NOTED = ("name", "address", "client_id", "audience", "token_issuer", "groups_claim", "trust", "newcomers", "is_enabled")


class ProviderChanges(TypedDict, total=False):
    """What can be said about a provider; `secret` "" keeps the one there is."""

    name: str
    address: str
    client_id: str
    secret: str
    metadata: str
    audience: str
    token_issuer: str
    groups_claim: str
    trust: str
    newcomers: bool
    is_enabled: bool


def add_provider(*, actor: Person, kind: str, name: str) -> SignInProvider:
    """A new outside system, switched off: its own addresses are known from now on, to be entered on the other side.

    Raises NotFound for who owns not the installation, Invalid for a name or kind that cannot be.
    """
    access.check_installation(actor)
    if kind not in Kind.values:
        raise Invalid(_("There is no such kind of sign-in."), field="kind")
    row = SignInProvider(
        kind=kind,
        name=_name(name),
        trust=Trust.CLAIM if kind == Kind.OIDC else Trust.NEVER,
        audience="openedx" if kind == Kind.OPENEDX else "",
        groups_claim="groups" if kind == Kind.OIDC else "",
        is_enabled=False,
    )
    with transaction.atomic():
        row.slug = _free_slug(row.name, kind)
        row.save(force_insert=True)
        _record(actor, "added a sign-in", row, {}, {"name": row.name, "kind": kind})
    return row


def change_provider(*, actor: Person, slug: str, **changes: Unpack[ProviderChanges]) -> str:
    """Change what is said of it; returns "", or a sentence that says why the other side could not be asked just now.

    Raises NotFound for others than owners and for those of the settings, Invalid for what cannot be used or is missing
    for switching it on, Conflict where another provider has the same issuer.
    """
    row = _own(actor, slug)
    before = {name: getattr(row, name) for name in NOTED}
    for name, value in _checked(changes).items():
        setattr(row, name, value)
    trouble = _settle(row)
    _check_complete(row)
    _check_issuer(row)
    with transaction.atomic():
        row.save(force_update=True)
        after = {name: getattr(row, name) for name in NOTED}
        changed = [name for name in NOTED if before[name] != after[name]]
        _record(
            actor,
            "changed a sign-in",
            row,
            {name: before[name] for name in changed},
            {name: after[name] for name in changed} | ({"secret": "new"} if changes.get("secret") else {}),
        )
    return trouble


def remove_provider(*, actor: Person, slug: str) -> None:
    """Nobody comes by it any more. Their identities stay noted, in case it comes back. Raises NotFound."""
    row = _own(actor, slug)
    with transaction.atomic():
        _record(actor, "removed a sign-in", row, {"name": row.name, "address": row.address}, {})
        row.delete()


def _own(actor: Person, slug: str) -> SignInProvider:
    access.check_installation(actor)
    row = SignInProvider.objects.filter(slug=slug).first()
    if row is None:
        raise NotFound
    return row


def _checked(changes: ProviderChanges) -> dict[str, object]:
    checked: dict[str, object] = {}
    for field, value in changes.items():
        if field == "secret":
            if value:
                checked["secret"] = providers.sealed(_text("secret", str(value), SECRET_LENGTH))
        elif field == "name":
            checked["name"] = _name(str(value))
        elif field == "address":
            checked["address"] = _address(str(value))
        elif field == "trust":
            if value not in Trust.values:
                raise Invalid(_("There is no such choice."), field="trust")
            checked["trust"] = value
        elif field == "metadata":
            checked["metadata"] = _text("metadata", str(value), METADATA_LENGTH)
        elif isinstance(value, str):
            checked[field] = _text(field, value, TEXT_LENGTH)
        else:
            checked[field] = value
    return checked


def _name(name: str) -> str:
    name = tidy(name)
    if not name or len(name) > NAME_LENGTH:
        raise Invalid(
            _("Give it a name of 1 to %(limit)d characters, as people know it.") % {"limit": NAME_LENGTH}, field="name"
        )
    return name


def _text(field: str, text: str, limit: int) -> str:
    text = text.strip()
    if len(text) > limit or "\0" in text:
        raise Invalid(_("At most %(limit)d characters, please.") % {"limit": limit}, field=field)
    return text


def _address(text: str) -> str:
    text = _text("address", text, 500).removesuffix("/.well-known/openid-configuration")
    if text:
        try:
            fetching.check_address(text)
        except Unreachable as trouble:
            raise Invalid(str(trouble), field="address") from None
    return text


def _settle(row: SignInProvider) -> str:
    """Take over what the other side knows better. Metadata that cannot be read is refused, all else can wait."""
    if row.kind != Kind.SAML and not row.address:
        return ""
    record = providers.of_row(row)
    try:
        settled = kinds.kind_of(record).settle(replace(record, token_issuer="") if row.kind == Kind.SAML else record)
    except Unreachable as trouble:
        if row.kind == Kind.SAML:
            raise Invalid(str(trouble), field="address" if row.address else "metadata") from None
        return str(trouble)
    for name, value in settled.items():
        setattr(row, name, value)
    return ""


def _check_complete(row: SignInProvider) -> None:
    if not row.is_enabled:
        return
    if row.kind == Kind.SAML:
        if not row.metadata:
            raise Invalid(_("Enter the address of its metadata, or the metadata itself."), field="address")
        return
    for name in ("address", "client_id"):
        if not getattr(row, name):
            raise Invalid(_("This is needed before people can come in by it."), field=name)


def _check_issuer(row: SignInProvider) -> None:
    """Two providers with one issuer would let the people of one be those of the other."""
    record = providers.of_row(row)
    issuer = kinds.kind_of(record).issuer_of(record) if row.address or row.token_issuer else ""
    for other in providers.configured():
        if issuer and other.slug != row.slug and (other.address or other.token_issuer):
            try:
                same = kinds.kind_of(other).issuer_of(other) == issuer
            except Unreachable:  # of the settings, and away
                continue
            if same:
                raise Conflict(
                    _("“%(name)s” has the same issuer already. Change that one instead.") % {"name": other.name},
                    field="address",
                    type="issuer-taken",
                )


def _free_slug(name: str, kind: str) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", names.handle_from(name))[:32].strip("-") or kind
    base = base if len(base) > 1 else f"{base}-{kind}"
    taken = {"new"} | {provider.slug for provider in providers.configured()}  # /installation/sign-in/new is a page
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)


def _record(actor: Person, verb: str, row: SignInProvider, before: dict[str, object], after: dict[str, object]) -> None:
    audit.record(actor=actor, verb=verb, object_kind="sign-in provider", object_id=row.slug, before=before, after=after)
