"""People come from outside systems: an institution's sign-in, a learning platform.

What is believed: that `issuer` means the same person whenever it says `subject`. Not believed is an address that the
issuer has not verified: it joins no account and becomes no account's address, for anybody may have typed it there.
"""

from __future__ import annotations

from collections.abc import Sequence

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.kernel import audit, bus, turns
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from tertulia.kernel.happenings import emit
from tertulia.kernel.tidying import tidy
from tertulia.people import names, queries
from tertulia.people.happenings import Arrived, IdentityNoted
from tertulia.people.models import AccessToken, Identity, Person
from tertulia.people.services import accounts, checks, tools
from tertulia.people.sign_in import providers

LONGEST = 255  # OpenID Connect Core 2 and LTI 1.3 Core 5.3.6 allow a subject no more


class NeedsLinking(Refusal):
    """An account with this address exists, and that it is the same person's is not proved: they sign in, and `link`."""

    status = 409
    type = "needs-linking"


def arrive(
    *,
    issuer: str,
    subject: str,
    name: str,
    email: str,
    email_verified: bool,
    newcomers: bool = True,
    system: str = "",
    groups: Sequence[str] | None = None,
) -> Person:
    """The person behind an identity of an outside system; made on the spot if new, without a password.

    `email` is as the issuer says, "" if it says none; what is no address counts as none, and a name that cannot be used
    is made usable. `email_verified`: the issuer has proved that they read it, and is trusted to have. Then
    it joins an account that has this address (one whose own address was never confirmed loses whatever else could open
    it, for anybody may have made it), or becomes the account's own, confirmed. Otherwise it is noted on the identity
    and nowhere else. Serialised for each identity and address: of two calls at once, one makes the account.
    `system`: a sign-in by which people come, as they call it; then `Arrived` is told, with the directory `groups` that
    it named. Others than sign-ins leave both out, and speak for themselves.

    Raises NeedsLinking when an unverified address belongs to an account; Forbidden for a deactivated account, for
    somebody new without `newcomers` (`no-account`), and while the installation has no owner; Invalid for an issuer or
    subject that is empty or over 255 characters.
    """
    _check(issuer, subject)
    email = _address(email)
    with transaction.atomic():
        turns.take(issuer, subject)
        identity = Identity.objects.select_related("person").filter(issuer=issuer, subject=subject).first()
        if email and email_verified:
            turns.take("mailto", email)
        if identity is not None:
            person = _return(identity, email=email, email_verified=email_verified)
            _tell(person, issuer=issuer, subject=subject, system=system, groups=groups)
            return person
        if not queries.anybody_exists():
            raise Forbidden(_("Nobody owns this installation yet. Its owner comes first; then you can come in."))
        person = _meet(name=name, email=email, email_verified=email_verified, newcomers=newcomers)
        _note(person, issuer=issuer, subject=subject, email=email)
        _tell(person, issuer=issuer, subject=subject, system=system, groups=groups)
        return person


def link(
    *,
    actor: Person,
    issuer: str,
    subject: str,
    email: str,
    system: str = "",
    groups: Sequence[str] | None = None,
) -> Identity:
    """From now on this identity signs in as `actor`, who has just proved to be both. Linking again does nothing.
    `system` and `groups` as for `arrive`.

    Raises Conflict when the identity is another account's, Invalid as `arrive`.
    """
    _check(issuer, subject)
    email = _address(email)
    with transaction.atomic():
        turns.take(issuer, subject)
        identity = Identity.objects.filter(issuer=issuer, subject=subject).first()
        if identity is None:
            identity = _note(actor, issuer=issuer, subject=subject, email=email)
        elif identity.person_id != actor.pk:
            raise Conflict(
                _("This sign-in already belongs to another account here. Sign out, and come in with it to see which."),
                type="identity-taken",
            )
        _see(identity, email)
        _tell(actor, issuer=issuer, subject=subject, system=system, groups=groups)
        return identity


def unlink(*, actor: Person, identity: Identity) -> None:
    """This identity no longer signs in as `actor`; unlinking again does nothing.

    Raises NotFound for somebody else's, Conflict for the last way to sign in.
    """
    if identity.person_id != actor.pk:
        raise NotFound
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=actor.pk)  # so that two tabs cannot take the last two
        if not Identity.objects.filter(pk=identity.pk).exists():
            return
        others = Identity.objects.filter(person=person).exclude(pk=identity.pk)
        local = queries.may_sign_in_here(person) and (person.is_owner or not providers.only_these())
        if not (others.exists() or local):
            raise Conflict(
                _(
                    "This is your only way to sign in. Add another one first, or confirm an e-mail address where a code"
                    " by mail lets people in; then you can remove it."
                ),
                type="last-way-in",
            )
        Identity.objects.filter(pk=identity.pk).delete()
        audit.record(
            actor=actor,
            verb="removed a way to sign in",
            object_kind="person",
            object_id=actor.pk,
            before={"issuer": identity.issuer},
        )


def _meet(*, name: str, email: str, email_verified: bool, newcomers: bool) -> Person:
    """The account for an identity that is new: the one of its address, or a new one."""
    person = Person.objects.filter(email=email).first() if email else None
    if person is None:
        try:
            return _make(name=name, email=email, email_verified=email_verified, newcomers=newcomers)
        except Conflict:  # an enrolment or a sign-up has made it since
            person = Person.objects.get(email=email)
    if not email_verified:
        raise NeedsLinking(
            _(
                "There is already an account with the address %(email)s. If it is yours, sign in to it as you usually"
                " do, and the two are joined."
            )
            % {"email": email}
        )
    _check_active(person)
    if not EmailAddress.objects.filter(user=person, email=email, verified=True).exists():
        _empty_pockets(person)
        _prove(person, email)
    return person


def _make(*, name: str, email: str, email_verified: bool, newcomers: bool) -> Person:
    if not newcomers:
        raise Forbidden(
            _("You have no account here yet. Ask the people who run this community to let you in."), type="no-account"
        )
    return accounts.create_person(
        email=email if email and email_verified else None,
        display_name=tidy(name)[: checks.LINES["display_name"]].strip() or names.name_from(email) or _("Somebody"),
        verified=email_verified,
    )


def _return(identity: Identity, *, email: str, email_verified: bool) -> Person:
    person = identity.person
    _check_active(person)
    _see(identity, email)
    if email and email_verified and not person.email and not Person.objects.filter(email=email).exists():
        Person.objects.filter(pk=person.pk, email=None).update(email=email)
        person.refresh_from_db(fields=["email"])
        _prove(person, email)
        bus.notify("identity", person=person.pk)
    return person


def _prove(person: Person, email: str) -> None:
    """`person` has this address, and from now on it is confirmed."""
    EmailAddress.objects.filter(user=person).exclude(email=email).update(primary=False)
    EmailAddress.objects.update_or_create(user=person, email=email, defaults={"verified": True, "primary": True})
    accounts.note_verified(person=person, email=email)


def _empty_pockets(person: Person) -> None:
    """Whoever made this account has never shown that they read its address: nothing of theirs may open it any more.

    Identities that were noted before anybody came in are an institution's word, and stay.
    """
    person.password = make_password(None)  # ends the sessions, too: they are bound to it
    person.save(update_fields=["password"])
    Authenticator.objects.filter(user=person).delete()
    AccessToken.objects.filter(person=person).delete()
    tools.end_all(person=person)
    if person.last_login is not None:
        Identity.objects.filter(person=person).delete()
    bus.notify("identity", person=person.pk)


def _note(person: Person, *, issuer: str, subject: str, email: str) -> Identity:
    identity = Identity.objects.create(person=person, issuer=issuer, subject=subject, email=email)
    audit.record(
        actor=person,
        verb="added a way to sign in",
        object_kind="person",
        object_id=person.pk,
        after={"issuer": issuer},
    )
    emit(IdentityNoted(person_id=str(person.pk), issuer=issuer, subject=subject))
    return identity


def _tell(person: Person, *, issuer: str, subject: str, system: str, groups: Sequence[str] | None) -> None:
    if system:
        named = None if groups is None else tuple(groups)
        emit(Arrived(person_id=str(person.pk), issuer=issuer, subject=subject, system=system, groups=named))


def _see(identity: Identity, email: str) -> None:
    Identity.objects.filter(pk=identity.pk).update(email=email, last_seen_at=now())


def _check_active(person: Person) -> None:
    if not person.is_active:
        raise Forbidden(_("This account is closed. Ask the people who run this community if that surprises you."))


def _check(issuer: str, subject: str) -> None:
    for text in (issuer, subject):
        if not text or len(text) > LONGEST or not text.isprintable():
            raise Invalid(
                _(
                    "The system that sent you names you in a way that cannot be used here. Please show this to the"
                    " people who run this community: issuer and subject must have 1 to 255 characters."
                ),
                type="bad-identity",
            )


def _address(email: str) -> str:
    """The address in small letters, or "" for what is none: an issuer's mistake must keep nobody out."""
    try:
        return checks.email(email)
    except Invalid:
        return ""
