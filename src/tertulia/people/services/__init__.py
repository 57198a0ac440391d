"""Verbs that write people, their identities elsewhere, their profiles, pictures, tokens and blocks."""

from tertulia.people.services.accounts import (
    create_first_owner,
    create_person,
    create_placeholder,
    enrol,
    note_verified,
)
from tertulia.people.services.blocks import block, unblock
from tertulia.people.services.claims import claim_placeholder
from tertulia.people.services.identities import NeedsLinking, arrive, link, unlink
from tertulia.people.services.pictures import Crop, remove_picture, set_picture
from tertulia.people.services.profile import ProfileChanges, set_door, update_profile
from tertulia.people.services.providers import ProviderChanges, add_provider, change_provider, remove_provider
from tertulia.people.services.tokens import create_token, revoke_token
from tertulia.people.services.tools import (
    ToolFields,
    add_tool,
    allow,
    change_tool,
    remove_tool,
    renew_secret,
    take_back,
)

__all__ = [
    "Crop",
    "NeedsLinking",
    "ProfileChanges",
    "ProviderChanges",
    "ToolFields",
    "add_provider",
    "add_tool",
    "allow",
    "arrive",
    "block",
    "change_provider",
    "change_tool",
    "claim_placeholder",
    "create_first_owner",
    "create_person",
    "create_placeholder",
    "create_token",
    "enrol",
    "link",
    "note_verified",
    "remove_picture",
    "remove_provider",
    "remove_tool",
    "renew_secret",
    "revoke_token",
    "set_door",
    "set_picture",
    "take_back",
    "unblock",
    "unlink",
    "update_profile",
]
