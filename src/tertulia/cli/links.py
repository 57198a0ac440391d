"""People as commands name them, and links that commands print."""

from __future__ import annotations

from allauth.account.app_settings import PASSWORD_RESET_TOKEN_GENERATOR
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from tertulia.kernel.errors import NotFound
from tertulia.people.models import Person


def person_by_email(email: str) -> Person:
    """The person of this address. Raises NotFound with a sentence for whoever runs commands."""
    person = Person.objects.filter(email__iexact=email.strip()).first()
    if person is None:
        raise NotFound(f"Nobody here has the address {email}. Make an account with: tertulia user create {email}")
    return person


def first_owner() -> Person:
    """The installation's oldest owner. Raises NotFound while there is none."""
    person = Person.objects.filter(is_owner=True, is_active=True).order_by("created_at", "pk").first()
    if person is None:
        raise NotFound("This installation has no owner yet. Make one with: tertulia user create EMAIL --owner")
    return person


def password_link(person: Person) -> str:
    """A link at which the person sets a password; it stops working once they have."""
    key = PASSWORD_RESET_TOKEN_GENERATOR().make_token(person)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(person), "key": key})
    return f"{settings.BASE_URL}{path}"
