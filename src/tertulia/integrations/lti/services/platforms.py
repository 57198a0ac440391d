"""Owners say which LMSs may launch us, and how far each is trusted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tertulia.integrations.lti import access, attempts, secrets
from tertulia.integrations.lti.models import ID_LENGTH, URL_LENGTH, Deployment, Platform, RegistrationLink
from tertulia.kernel import audit, fetching
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Invalid
from tertulia.kernel.tidying import line
from tertulia.people.models import Person

NAME_LENGTH = 80
MOST_ORIGINS = 20
LINK_LIFE = timedelta(days=3)
SWITCHES = (
    "mail_verified",
    "takes_new_deployments",
    "instructors_make_workspaces",
    "administrators_run",
    "rosters_for_rules",
    "is_active",
)


class Fields(TypedDict, total=False):
    """What an owner may say of a platform. Addresses are https (http too where we have no encryption ourselves)."""

    name: str
    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    frame_origins: Sequence[str]
    mail_verified: bool
    takes_new_deployments: bool
    instructors_make_workspaces: bool
    administrators_run: bool
    rosters_for_rules: bool
    is_active: bool


def add_platform(*, actor: Person, deployments: Sequence[str] = (), **fields: Unpack[Fields]) -> Platform:
    """Let an LMS launch us. `deployments` are the deployment ids that it may name.

    Raises NotFound for everybody but owners, Invalid with its field, Conflict if this issuer and client id are known.
    """
    access.check_owner(actor)
    missing = [name for name in ("name", "issuer", "client_id", "auth_url", "jwks_url") if not fields.get(name)]
    if missing:
        raise Invalid(_("This is needed; your learning platform shows it."), field=missing[0])
    platform = Platform(created_by=actor, **_clean(dict(fields)))
    with transaction.atomic():
        _save(platform, force_insert=True)
        for deployment_id in dict.fromkeys(deployments):
            add_deployment(actor=actor, platform=platform, deployment_id=deployment_id)
        audit.record(
            actor=actor,
            verb="added",
            object_kind="LTI platform",
            object_id=platform.pk,
            after=_described(platform),
        )
    return platform


def change_platform(*, actor: Person, platform: Platform, **fields: Unpack[Fields]) -> Platform:
    """Change what is given. Raises as `add_platform`."""
    access.check_owner(actor)
    wanted = _clean(dict(fields))
    with transaction.atomic():
        locked = Platform.objects.select_for_update(no_key=True).get(pk=platform.pk)
        before = _described(locked)
        changed = [name for name, value in wanted.items() if getattr(locked, name) != value]
        if not changed:
            return locked
        for name in changed:
            setattr(locked, name, wanted[name])
        if "jwks_url" in changed:
            locked.jwks, locked.keys_at, locked.keys_tried_at = {}, None, None
            changed += ["jwks", "keys_at", "keys_tried_at"]
        _save(locked, update_fields=changed)
        after = _described(locked)
        audit.record(
            actor=actor,
            verb="changed",
            object_kind="LTI platform",
            object_id=locked.pk,
            before={name: before[name] for name in after if after[name] != before[name]},
            after={name: after[name] for name in after if after[name] != before[name]},
        )
    return locked


def remove_platform(*, actor: Person, platform: Platform) -> None:
    """Forget an LMS, with its courses and links. People and their memberships stay; nobody comes in by it any more."""
    access.check_owner(actor)
    with transaction.atomic():
        audit.record(
            actor=actor,
            verb="removed",
            object_kind="LTI platform",
            object_id=platform.pk,
            before=_described(platform),
        )
        platform.delete()


def add_deployment(*, actor: Person, platform: Platform, deployment_id: str) -> Deployment:
    """Accept launches that name this deployment. Idempotent. Raises NotFound, Invalid."""
    access.check_owner(actor)
    deployment_id = deployment_id.strip()
    if not deployment_id or len(deployment_id) > ID_LENGTH or not deployment_id.isprintable():
        raise Invalid(_("A deployment id has 1 to 255 characters."), field="deployment_id")
    deployment, created = Deployment.objects.get_or_create(platform=platform, deployment_id=deployment_id)
    if created:
        _record_deployment(actor, platform, "accepted", deployment_id)
    return deployment


def remove_deployment(*, actor: Person, platform: Platform, deployment_id: str) -> None:
    """Refuse launches that name this deployment from now on. Idempotent."""
    access.check_owner(actor)
    if Deployment.objects.filter(platform=platform, deployment_id=deployment_id).delete()[0]:
        _record_deployment(actor, platform, "removed", deployment_id)


def make_registration_link(*, actor: Person) -> str:
    """The secret of a link by which one LMS can register itself within three days. Raises NotFound for non-owners."""
    access.check_owner(actor)
    secret = secrets.new_secret()
    with transaction.atomic():
        link = RegistrationLink.objects.create(digest=secrets.digest(secret), by=actor, expires_at=now() + LINK_LIFE)
        audit.record(actor=actor, verb="made", object_kind="LTI registration link", object_id=link.pk)
    return secret


def _record_deployment(actor: Person, platform: Platform, verb: str, deployment_id: str) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        object_kind="LTI deployment",
        object_id=platform.pk,
        after={"platform": platform.name, "deployment_id": deployment_id},
    )


def _save(platform: Platform, **how: Any) -> None:
    try:
        with transaction.atomic():
            platform.save(**how)
    except IntegrityError as error:
        if "lti_platform_once" not in str(error):
            raise
        raise Conflict(
            _("A platform with this issuer and client id is here already."), type="platform-known", field="client_id"
        ) from None


def _clean(fields: dict[str, Any]) -> dict[str, Any]:
    clean: dict[str, Any] = {name: bool(fields[name]) for name in SWITCHES if name in fields}
    if "name" in fields:
        clean["name"] = line(fields["name"], field="name", label=_("name"), longest=NAME_LENGTH, required=True)
    for name in ("issuer", "client_id"):
        if name in fields:
            clean[name] = _word(fields[name], name)
    for name in ("auth_url", "token_url", "jwks_url"):
        if name in fields:
            clean[name] = _address(fields[name], name)
    if "frame_origins" in fields:
        clean["frame_origins"] = _origins(fields["frame_origins"])
    return clean


def _word(value: str, field: str) -> str:
    value = value.strip()
    if not value or len(value) > ID_LENGTH or not value.isprintable():
        raise Invalid(_("This has 1 to 255 characters, as your learning platform shows them."), field=field)
    return value


def _address(value: str, field: str) -> str:
    value = value.strip()
    if not value and field == "token_url":
        return ""
    refusal = Invalid(_("Enter a whole address, such as https://lms.example.org/jwks."), field=field)
    if len(value) > URL_LENGTH or not re.fullmatch(r"[!-~]+", value) or not attempts.origin_of(value):
        raise refusal
    try:
        return fetching.check_address(value)
    except fetching.Unreachable:
        raise refusal from None


def _origins(values: Sequence[str]) -> list[str]:
    origins = [attempts.origin_of(value.strip()) for value in values if value.strip()]
    if not all(origins) or len(origins) > MOST_ORIGINS:
        raise Invalid(
            _("Enter up to %(most)d addresses such as https://apps.lms.example.org, one a line.")
            % {"most": MOST_ORIGINS},
            field="frame_origins",
        )
    return list(dict.fromkeys(origins))


def _described(platform: Platform) -> dict[str, Any]:
    names = ("name", "issuer", "client_id", "auth_url", "token_url", "jwks_url", "frame_origins", *SWITCHES)
    return {name: getattr(platform, name) for name in names}
