"""Verbs of SCIM. What changes membership goes through `enrolments.services.enrol`, for one source of each workspace."""

from tertulia.integrations.scim.services.groups import create_group, delete_group, save_group
from tertulia.integrations.scim.services.sources import find_source
from tertulia.integrations.scim.services.users import create_user, delete_user, save_user

__all__ = ["create_group", "create_user", "delete_group", "delete_user", "find_source", "save_group", "save_user"]
