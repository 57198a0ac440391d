"""The people and channels of these tests, as bare rows: Olga owns, Mia and Ben learn, Otto is outside."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from tertulia.channels import access
from tertulia.channels.access import Seat
from tertulia.channels.models import Channel, ChannelMembership, Kind, Visibility
from tertulia.kernel.ids import new_id
from tertulia.people.models import Person
from tertulia.posts import services
from tertulia.posts.models import Post, ThreadFollow
from tertulia.posts.services import NewPost
from tertulia.posts.states import PostState
from tertulia.workspaces.models import Group, GroupMembership, Membership, Role, Workspace


def person(handle: str, **fields: object) -> Person:
    """Somebody with an account."""
    return Person.objects.create(
        handle=handle, email=f"{handle}@example.org", display_name=handle.capitalize(), **fields
    )


@dataclass
class World:
    """A workspace with a public and a private channel, and one who is not in it."""

    workspace: Workspace = field(init=False)
    olga: Person = field(init=False)
    mia: Person = field(init=False)
    ben: Person = field(init=False)
    guest: Person = field(init=False)
    otto: Person = field(init=False)
    chatter: Channel = field(init=False)
    secret: Channel = field(init=False)

    def __post_init__(self) -> None:
        self.workspace = Workspace.objects.create(slug="course", name="Course")
        self.olga = self.member("olga", Role.OWNER)
        self.mia = self.member("mia")
        self.ben = self.member("ben")
        self.guest = self.member("gus", Role.GUEST)
        self.otto = person("otto")
        other = Workspace.objects.create(slug="other", name="Other")
        Membership.objects.create(workspace=other, person=self.otto, role=Role.OWNER)
        self.chatter = self.channel("chatter", self.olga, self.mia, self.ben)
        self.secret = self.channel("secret", self.olga, self.mia, visibility=Visibility.PRIVATE)

    def member(self, handle: str, role: Role = Role.LEARNER, **fields: object) -> Person:
        """One more member of the workspace."""
        made = person(handle, **fields)
        Membership.objects.create(workspace=self.workspace, person=made, role=role)
        return made

    def channel(self, slug: str, *people: Person, **fields: object) -> Channel:
        """One more channel, with these members."""
        made = Channel.objects.create(workspace=self.workspace, slug=slug, name=slug.capitalize(), **fields)
        for one in people:
            self.join(made, one)
        return made

    def join(self, channel: Channel, *people: Person) -> None:
        """People come in, having read everything."""
        channel.refresh_from_db()
        for one in people:
            ChannelMembership.objects.create(
                channel=channel, person=one, last_read_seq=channel.last_seq, read_roots=channel.root_count
            )

    def direct(self, *people: Person) -> Channel:
        """A direct conversation."""
        ids = sorted(one.pk for one in people)
        return self.channel(
            f"d{new_id().hex[:12]}", *people, kind=Kind.DIRECT, visibility=Visibility.PRIVATE, direct_people=ids
        )

    def group(self, slug: str, *people: Person) -> Group:
        """A group of members."""
        made = Group.objects.create(workspace=self.workspace, slug=slug, name=slug.capitalize())
        for one in people:
            GroupMembership.objects.create(group=made, person=one)
        return made


def seat(person: Person, channel: Channel) -> Seat:
    """The person's seat in a channel, freshly read."""
    return access.channel(person, channel.pk)


def say(person: Person, channel: Channel, body: str, root: Post | PostState | UUID | None = None) -> PostState:
    """Post, as that person does."""
    root_id = root if isinstance(root, UUID) or root is None else root.id
    state, _created = services.post(actor=person, seat=seat(person, channel), body=body, root_id=root_id)
    return state


def new(person: Person, channel: Channel, body: str = "Hello", **fields: object) -> NewPost:
    """A post for a batch."""
    return NewPost(channel_id=channel.pk, author_id=person.pk, body=body, **fields)  # type: ignore[arg-type]


def row(state: PostState | UUID) -> Post:
    """The post's row, freshly read."""
    return Post.objects.get(pk=state if isinstance(state, UUID) else state.id)


def reading(person: Person, channel: Channel) -> tuple[int, int]:
    """How far a member has read, and how many messages are unread to them."""
    found = ChannelMembership.objects.select_related("channel").get(person=person, channel=channel)
    return found.last_read_seq, found.channel.root_count - found.read_roots


def following(root_id: UUID) -> dict[str, int]:
    """Who follows a thread, and how many replies each has read."""
    rows = ThreadFollow.objects.filter(root_id=root_id, following=True)
    return dict(rows.values_list("person__handle", "read_replies"))
