"""People: accounts with their profile, access tokens, and blocks."""

from __future__ import annotations

import zoneinfo
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower, Now, Upper
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tertulia.kernel.ids import new_id

HANDLE = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$",
    _("A handle has small letters, digits, dots, dashes and underscores, and begins and ends with a letter or digit."),
)


def known_time_zone(name: str) -> None:
    """Refuse a name that is not in the IANA time zone database."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(name)s” is not a time zone. An example is Europe/Madrid."), params={"name": name})


class Visibility(models.TextChoices):
    """Who sees one field of a profile."""

    EVERYONE = "everyone", _("Everyone here")
    SHARED = "shared", _("People in my workspaces")
    NOBODY = "nobody", _("Nobody")


class PersonManager(BaseUserManager["Person"]):
    """Lookups that sign-in needs; people are made by `people.services`."""

    def get_by_natural_key(self, username: str | None) -> Person:
        return self.get(email__iexact=username)


class Person(AbstractBaseUser):
    """Someone with an account, or a placeholder for someone who spoke in an imported conversation.

    `email` is null for placeholders without one. Names are unique without regard to case.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(_("e-mail"), null=True, blank=True)
    handle = models.CharField(_("handle"), max_length=40, validators=[HANDLE])
    display_name = models.CharField(_("name"), max_length=80)
    pronouns = models.CharField(_("pronouns"), max_length=40, blank=True)
    picture = models.CharField(max_length=200, blank=True, help_text="Name in storage; empty: a generated face.")
    headline = models.CharField(_("headline"), max_length=160, blank=True)
    about = models.TextField(_("about you"), max_length=4000, blank=True)
    about_html = models.TextField(blank=True, editable=False)
    interests = ArrayField(models.CharField(max_length=40), default=list, blank=True, size=20)
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC", validators=[known_time_zone])
    language = models.CharField(_("language"), max_length=10, blank=True)
    theme = models.CharField(
        _("colours"), max_length=5, default="auto", choices=[("auto", _("As my device")), ("light", _("Light")), ("dark", _("Dark"))]
    )
    density = models.CharField(_("density"), max_length=8, default="cosy", choices=[("cosy", _("Cosy")), ("compact", _("Compact"))])
    visibility = models.JSONField(default=dict, help_text="field name -> Visibility; a field not named is `shared`.")
    door_open = models.BooleanField(_("door open"), default=True, help_text=_("Open: glad to be interrupted."))
    is_owner = models.BooleanField(default=False, help_text="Owns the installation: may make workspaces and see every setting.")
    is_active = models.BooleanField(default=True)
    is_placeholder = models.BooleanField(default=False, help_text="Stands for someone who has not claimed this account yet.")
    created_at = models.DateTimeField(db_default=Now())

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[PersonManager] = PersonManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="person_email_unique", violation_error_message=_("This e-mail is in use.")),
            models.UniqueConstraint(Lower("handle"), name="person_handle_unique", violation_error_message=_("This handle is taken.")),
        ]
        indexes = [
            GinIndex(OpClass(Upper("display_name"), name="gin_trgm_ops"), name="person_name_trgm"),
            GinIndex(OpClass(Upper("handle"), name="gin_trgm_ops"), name="person_handle_trgm"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def picture_url(self) -> str:
        """Address of the picture or generated face; changes when the picture does, so that it can be cached for ever."""
        return f"{reverse('people:picture', args=[self.id])}?v={(self.picture or self.handle)[-12:]}"

    def get_absolute_url(self) -> str:
        return reverse("people:profile", args=[self.handle])


class AccessToken(models.Model):
    """A personal access token. Only its SHA-256 is stored; `hint` (the last four characters) lets people tell theirs apart."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="access_tokens")
    name = models.CharField(_("what it is for"), max_length=80)
    digest = models.BinaryField(max_length=32, unique=True)
    hint = models.CharField(max_length=4)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)


class Block(models.Model):
    """`person` does not want to hear from `blocked`: no direct messages, posts folded."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="blocks")
    blocked = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="blocked_by")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "blocked"], name="block_once"),
            models.CheckConstraint(condition=~models.Q(person=models.F("blocked")), name="block_not_oneself"),
        ]
