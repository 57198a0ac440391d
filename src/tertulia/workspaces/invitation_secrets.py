"""The secrets of invitations: 256 bits each, of which only the SHA-256 is stored."""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from tertulia.kernel.clock import now
from tertulia.workspaces.models import Invitation

SESSION_KEY = "invitation_secret"
_LENGTH = 43  # 32 bytes in base64 without padding


def new_secret() -> str:
    """A secret for an invitation by link."""
    return secrets.token_urlsafe(32)


def mailed_secret(invitation_id: uuid.UUID) -> str:
    """The secret of a mailed invitation, made from the installation's key.

    So the job that sends the mail can make it again, and it never lies in the table of jobs.
    """
    raw = salted_hmac("tertulia.workspaces.invitation", str(invitation_id), algorithm="sha256").digest()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def digest(secret: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def find(secret: str) -> Invitation | None:
    """The invitation with this secret, usable or not, with its workspace and who invites."""
    if not isinstance(secret, str) or len(secret) != _LENGTH:
        return None
    return Invitation.objects.select_related("workspace", "by").filter(digest=digest(secret)).first()


def why_not(invitation: Invitation) -> str:
    """Why this invitation no longer works, as a sentence; "" if it does."""
    if invitation.revoked_at is not None:
        return _("This invitation was taken back.")
    if invitation.expires_at is not None and invitation.expires_at <= now():
        return _("This invitation has run out.")
    if invitation.max_uses is not None and invitation.uses >= invitation.max_uses:
        return _("This invitation has been used up.")
    if invitation.workspace.archived_at is not None:
        return _("The workspace of this invitation is archived.")
    return ""
