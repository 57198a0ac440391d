"""People: accounts with their profile, who they are in other systems, access tokens, and blocks."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePosixPath
from typing import ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower, Now, Upper
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tertulia.kernel.clock import zones
from tertulia.kernel.ids import new_id
from tertulia.kernel.models import SigningKeyFields

HANDLE = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$",
    _("A handle has small letters, digits, dots, dashes and underscores, and begins and ends with a letter or digit."),
)

THEMES = [("auto", _("As my device")), ("light", _("Light")), ("dark", _("Dark"))]
DENSITIES = [("cosy", _("Cosy")), ("compact", _("Compact"))]


def known_time_zone(name: str) -> None:
    """Refuse a name that is not in the IANA time zone database."""
    if name not in zones():
        raise ValidationError(_("“%(name)s” is not a time zone. An example is Europe/Madrid."), params={"name": name})


class Visibility(models.TextChoices):
    """Who sees one field of a profile."""

    EVERYONE = "everyone", _("Everyone here")
    SHARED = "shared", _("People in my workspaces")
    NOBODY = "nobody", _("Nobody")


class PersonManager(BaseUserManager["Person"]):
    """Lookups that sign-in needs; people are made by `people.services`."""

    def get_by_natural_key(self, username: str | None) -> Person:
        return self.get(email=(username or "").lower())


class Person(AbstractBaseUser):
    """Someone with an account, or a placeholder for someone who spoke in an imported conversation.

    `email` belongs to accounts only, so that nothing which signs people in by it can ever find a placeholder; whoever
    proves to read `claim_email` gets what the placeholder said, which then stays behind, empty, with `claimed_by` set.
    E-mails are kept in small letters; they and handles are unique without regard to case.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # Null, not "": placeholders have none, and none is not unique.
    email = models.EmailField(_("e-mail"), null=True, blank=True, unique=True)
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
    theme = models.CharField(_("colours"), max_length=5, default="auto", choices=THEMES)
    density = models.CharField(_("density"), max_length=8, default="cosy", choices=DENSITIES)
    visibility = models.JSONField(
        default=dict,
        blank=True,
        help_text="field name -> Visibility; `access.FIELDS` says what holds for a field not named.",
    )
    door_open = models.BooleanField(_("door open"), default=True, help_text=_("Open: glad to be interrupted."))
    is_owner = models.BooleanField(
        default=False, help_text="Owns the installation: may make workspaces and see every setting."
    )
    is_active = models.BooleanField(default=True)
    is_placeholder = models.BooleanField(
        default=False, help_text="Stands for someone who has not claimed this account yet."
    )
    claim_email = models.EmailField(blank=True, help_text="Of a placeholder: who proves to read it may claim it.")
    claimed_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="claimed")
    created_at = models.DateTimeField(db_default=Now())

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[PersonManager] = PersonManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="person_email_small"),
            models.UniqueConstraint(
                Lower("handle"), name="person_handle_unique", violation_error_message=_("This handle is taken.")
            ),
        ]
        indexes = [
            GinIndex(OpClass(Upper("display_name"), name="gin_trgm_ops"), name="person_name_trgm"),
            GinIndex(OpClass(Upper("handle"), name="gin_trgm_ops"), name="person_handle_trgm"),
            models.Index(Lower("claim_email"), condition=~models.Q(claim_email=""), name="person_claim_email"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def picture_url(self) -> str:
        """Address of the picture or generated face; changes when the picture does, so that it can be kept for ever."""
        return _picture_url(self.id, self.picture)

    def get_absolute_url(self) -> str:
        return reverse("people:profile", args=[self.handle])


@lru_cache(maxsize=4096)
def _picture_url(person_id: UUID, picture: str) -> str:
    version = PurePosixPath(picture).stem[-12:] if picture else "face"
    return f"{reverse('people:picture', args=[person_id])}?v={version}"


class Identity(models.Model):
    """Who a person is in an outside system: `subject` is its name for them, `issuer` the system's name for itself.

    A pair means one person for ever (OpenID Connect Core 5.7; LTI 1.3 Core 5.3.6): both are compared to the letter.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    email = models.EmailField(blank=True, help_text="As the issuer last said; whether it is true is another matter.")
    created_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="identity_once")]


class Kind(models.TextChoices):
    """How an outside system signs people in."""

    OIDC = "oidc", "OpenID Connect"
    SAML = "saml", "SAML 2.0"
    OPENEDX = "openedx", "Open edX"


class Trust(models.TextChoices):
    """Whether an e-mail address that an outside system gives is known to be its person's."""

    CLAIM = "claim", _("When it says so (email_verified)")
    ALWAYS = "always", _("Always: it gives only addresses that it has checked")
    NEVER = "never", _("Never")


class SignInProvider(models.Model):
    """An outside system by which people sign in here. Others may stand in `TERTULIA_SIGN_IN`; `providers` reads both.

    What `address` is depends on the kind: the issuer (OpenID Connect), the learning platform (Open edX), where the
    metadata is (SAML; then `metadata` is a copy, else it was pasted in).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=40, unique=True, help_text="In its addresses; never changes.")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = models.CharField(max_length=40)
    address = models.URLField(max_length=500, blank=True)
    client_id = models.CharField(max_length=255, blank=True)
    secret = models.BinaryField(default=bytes, help_text="Sealed; see `kernel.sealing`.")
    metadata = models.TextField(blank=True)
    audience = models.CharField(max_length=255, blank=True, help_text="Of an Open edX platform's tokens.")
    token_issuer = models.CharField(max_length=255, blank=True, help_text="Of an Open edX platform's tokens.")
    trust = models.CharField(max_length=6, choices=Trust.choices)
    groups_claim = models.CharField(max_length=255, blank=True, help_text="Where it names directory groups.")
    newcomers = models.BooleanField(default=True, help_text="Who has no account here gets one.")
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())


class SamlKey(SigningKeyFields):
    """What SAML identity providers encrypt for us with."""


class ToolKey(SigningKeyFields):
    """What we sign with for the tools that sign people in through us."""


class Consent(models.Model):
    """A person lets a tool (allauth's `Client`) know what these scopes say. Without it no code and no token is good."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="consents")
    client = models.ForeignKey("allauth_idp_oidc.Client", on_delete=models.CASCADE, related_name="consents")
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    created_at = models.DateTimeField(db_default=Now())
    used_at = models.DateTimeField(db_default=Now(), help_text="When they last signed in to the tool.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "client"], name="consent_once")]


class AccessToken(models.Model):
    """A personal access token. Only its SHA-256 is stored; `hint`, its last four characters, tells it from others."""

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
