"""Verbs that write people, their profiles, pictures, tokens and blocks."""

from tertulia.people.services.accounts import (
    create_first_owner,
    create_person,
    create_placeholder,
    enrol,
    note_verified,
)
from tertulia.people.services.blocks import block, unblock
from tertulia.people.services.claims import claim_placeholder
from tertulia.people.services.pictures import Crop, remove_picture, set_picture
from tertulia.people.services.profile import ProfileChanges, set_door, update_profile
from tertulia.people.services.tokens import create_token, revoke_token

__all__ = [
    "Crop",
    "ProfileChanges",
    "block",
    "claim_placeholder",
    "create_first_owner",
    "create_person",
    "create_placeholder",
    "create_token",
    "enrol",
    "note_verified",
    "remove_picture",
    "revoke_token",
    "set_door",
    "set_picture",
    "unblock",
    "update_profile",
]
