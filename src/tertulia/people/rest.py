"""People over REST: oneself, one's tokens, and others as far as one may see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from tertulia.kernel.rest import Out, Strict, actor, grant, problems, requires
from tertulia.people import access, queries, services
from tertulia.people.models import AccessToken, Person
from tertulia.people.scopes import SCOPES

router = Router(tags=["people"])


class Me(Out):
    """The token's person."""

    id: UUID
    handle: str
    display_name: str
    email: str | None
    pronouns: str
    headline: str
    about: str = Field(description="Markdown.")
    interests: list[str]
    time_zone: str = Field(description="A name of the IANA time zone database.")
    language: str = Field(description="Empty: as the browser asks.")
    picture_url: str
    door_open: bool = Field(description="Glad to be interrupted.")
    visibility: dict[str, str] = Field(description="Who sees each field: `everyone`, `shared` or `nobody`.")
    is_owner: bool = Field(description="Owns the installation.")
    created_at: datetime
    scopes: list[str] = Field(description="What this token may do; all of them in a signed-in browser.")

    @classmethod
    def of(cls, request: HttpRequest, person: Person) -> Me:
        """What the person sees of themselves."""
        held = grant(request).scopes
        return cls(
            id=person.pk,
            handle=person.handle,
            display_name=person.display_name,
            email=person.email,
            pronouns=person.pronouns,
            headline=person.headline,
            about=person.about,
            interests=person.interests,
            time_zone=person.time_zone,
            language=person.language,
            picture_url=person.picture_url,
            door_open=person.door_open,
            visibility={field: access.visibility(person, field) for field in access.FIELDS},
            is_owner=person.is_owner,
            created_at=person.created_at,
            scopes=[scope for scope in SCOPES if held is None or scope in held],
        )


class PersonOut(Out):
    """Somebody, as the asker may see them: fields that are hidden from the asker are null."""

    id: UUID
    handle: str
    display_name: str
    pronouns: str | None
    headline: str | None
    about: str | None = Field(description="Markdown.")
    interests: list[str] | None
    time_zone: str | None
    email: str | None
    picture_url: str
    door_open: bool | None = Field(description="Null where the two meet in no workspace.")
    is_placeholder: bool = Field(description="From an imported conversation, without an account yet.")
    url: str = Field(description="Address of the profile.")

    @classmethod
    def of(cls, sight: access.Sight) -> PersonOut:
        """What this viewer sees of the person."""
        person = sight.person
        return cls(
            id=person.pk,
            handle=person.handle,
            display_name=person.display_name,
            pronouns=person.pronouns if sight.shows("pronouns") else None,
            headline=person.headline if sight.shows("headline") else None,
            about=person.about if sight.shows("about") else None,
            interests=person.interests if sight.shows("interests") else None,
            time_zone=person.time_zone if sight.shows("time_zone") else None,
            email=person.email if sight.shows("email") else None,
            picture_url=person.picture_url,
            door_open=None if sight.relation is access.Relation.STRANGER else person.door_open,
            is_placeholder=person.is_placeholder,
            url=person.get_absolute_url(),
        )


Audience = Literal["everyone", "shared", "nobody"]


class MeChanges(Strict):
    """What changes; what is left out stays."""

    handle: Annotated[str, Field(max_length=100)] = ""
    display_name: Annotated[str, Field(max_length=1000)] = ""
    pronouns: Annotated[str, Field(max_length=1000)] = ""
    headline: Annotated[str, Field(max_length=1000)] = ""
    about: Annotated[str, Field(max_length=20_000, description="Markdown.")] = ""
    interests: Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=100)] = []
    time_zone: Annotated[str, Field(max_length=100)] = ""
    language: Annotated[str, Field(max_length=10)] = ""
    theme: Annotated[str, Field(max_length=10)] = ""
    density: Annotated[str, Field(max_length=10)] = ""
    door_open: bool = True
    visibility: Annotated[dict[str, Audience], Field(description="Names only the fields that change.")] = {}


class Door(Strict):
    """The state of one's door."""

    open: bool


class TokenOut(Out):
    """A token, without its text."""

    id: UUID
    name: str
    hint: str = Field(description="The last four characters of its text.")
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, token: AccessToken) -> TokenOut:
        """The token's row."""
        return cls.model_validate(token)


class TokenList(Out):
    """All tokens of a person: they are few, so there is always one page."""

    items: list[TokenOut]
    next: None = None


@router.get("/me", response={200: Me})
@requires("profile:read")
def get_me(request: HttpRequest) -> Me:
    """The token's person."""
    return Me.of(request, actor(request))


@router.patch("/me", response={200: Me, **problems(409)})
@requires("profile:write")
def change_me(request: HttpRequest, changes: MeChanges) -> Me:
    """Change one's profile and preferences: all that is named, or nothing."""
    named = services.ProfileChanges(**changes.model_dump(exclude_unset=True))  # type: ignore[typeddict-item]
    return Me.of(request, services.update_profile(actor=actor(request), **named))


@router.put("/me/door", response={200: Me})
@requires("profile:write")
def set_my_door(request: HttpRequest, door: Door) -> Me:
    """Open one's door, or close it."""
    return Me.of(request, services.set_door(actor=actor(request), is_open=door.open))


@router.get("/me/tokens", response={200: TokenList})
@requires("profile:read")
def list_my_tokens(request: HttpRequest) -> TokenList:
    """One's access tokens, newest first. Tokens are made in the browser only, so that a token cannot breed."""
    return TokenList(items=[TokenOut.of(token) for token in queries.tokens(actor(request))])


@router.delete("/me/tokens/{uuid:token_id}", response={204: None})
@requires("profile:write")
def revoke_my_token(request: HttpRequest, token_id: UUID) -> Status[None]:
    """End one of one's tokens, also the one that asks."""
    services.revoke_token(actor=actor(request), token_id=token_id)
    return Status(204, None)


@router.get("/people/{uuid:person_id}", response={200: PersonOut})
@requires("profile:read")
def get_person(request: HttpRequest, person_id: UUID) -> PersonOut:
    """Somebody, as far as one may see them; 404 for strangers who show nothing to everyone."""
    return PersonOut.of(access.sight_by_id(actor(request), person_id))
