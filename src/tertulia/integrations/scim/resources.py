"""The types of RFC 7643 as far as we keep them, and what the discovery addresses tell of them (RFC 7644, section 4).

Attributes that are not here are read over: a directory may send all that it knows, and we store no more than we use.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import EmailStr, Field
from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    External,
    Filter,
    Mutability,
    Patch,
    Reference,
    Required,
    Resource,
    ScimPolicy,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

from tertulia.workspaces.models import Role as WorkspaceRole

ROLES = [role.value for role in WorkspaceRole if role is not WorkspaceRole.OWNER]
MOST_RESULTS = 200
NAME_LENGTH = 255
VALUE_LENGTH = 254
MOST_VALUES = 20

Text = Annotated[str | None, Field(max_length=NAME_LENGTH)]

TOLERANT = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    # As Microsoft Entra ID sends it.
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Name(ComplexAttribute):
    """What somebody is called."""

    formatted: Text = None
    family_name: Text = None
    given_name: Text = None


class Email(ComplexAttribute):
    """An address. The primary one, else the first, is where they get mail."""

    value: Annotated[EmailStr | None, Required.true, Field(max_length=VALUE_LENGTH)] = None
    display: Text = None
    type: Text = None
    primary: bool | None = None


class Role(ComplexAttribute):
    """A role in the workspace; of several, the highest counts."""

    value: Annotated[str | None, Field(examples=ROLES, max_length=NAME_LENGTH)] = None
    display: Text = None
    type: Text = None
    primary: bool | None = None


class GroupOfUser(ComplexAttribute):
    """A group that the directory put them into."""

    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    ref: Annotated[Reference[Group] | None, Mutability.read_only] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    display: Annotated[str | None, Mutability.read_only] = None


class User(Resource[Any]):
    """Somebody who is, or was, in the workspace because the directory says so."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    external_id: Annotated[Text, CaseExact.true] = None
    user_name: Annotated[str | None, Uniqueness.server, Required.true, Field(min_length=1, max_length=NAME_LENGTH)] = (
        None
    )
    name: Name | None = None
    Name: ClassVar[type[ComplexAttribute]] = Name
    display_name: Text = None
    active: Annotated[bool | None, Required.true] = None
    emails: Annotated[list[Email] | None, Required.true, Field(max_length=MOST_VALUES)] = None
    Emails: ClassVar[type[ComplexAttribute]] = Email
    roles: Annotated[list[Role] | None, Field(max_length=MOST_VALUES)] = None
    Roles: ClassVar[type[ComplexAttribute]] = Role
    groups: Annotated[list[GroupOfUser] | None, Mutability.read_only] = None
    Groups: ClassVar[type[ComplexAttribute]] = GroupOfUser


class Member(ComplexAttribute):
    """A user in a group."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true, Field(max_length=NAME_LENGTH)] = None
    ref: Annotated[Reference[User] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable, Field(examples=["User"], max_length=NAME_LENGTH)] = None


class Group(Resource[Any]):
    """A group of the workspace."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    external_id: Annotated[Text, CaseExact.true] = None
    display_name: Annotated[str | None, Required.true, Uniqueness.server, Field(max_length=NAME_LENGTH)] = None
    members: list[Member] | None = None
    Members: ClassVar[type[ComplexAttribute]] = Member


# It names `Group`, which is defined below it.
GroupOfUser.model_rebuild()
User.model_rebuild(force=True)


def provider_config(documentation: str) -> ServiceProviderConfig:
    """What this service can do (RFC 7643, section 5)."""
    return ServiceProviderConfig(
        documentation_uri=Reference[External](documentation),
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MOST_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Access token",
                description="An access token of Tertulia with the scope enrolments:write.",
                spec_uri=Reference[External]("https://www.rfc-editor.org/info/rfc6750"),
                primary=True,
            )
        ],
    )
