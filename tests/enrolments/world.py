"""Course, with a channel for all, a public one and a private one; Olga owns it, Otto is outside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tertulia.channels import services as channel_services
from tertulia.channels.models import Channel, ChannelMembership, Visibility
from tertulia.enrolments import services
from tertulia.enrolments.models import Kind, Leaving, Source
from tertulia.enrolments.records import Entry, Line, Mode, Report
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import GroupMembership, Membership, Role


def person(handle: str) -> Person:
    """Somebody with a verified account."""
    return people_services.create_person(
        email=f"{handle}@example.org", handle=handle, display_name=handle.capitalize(), verified=True
    )


def entry(who: str, /, **fields: object) -> Entry:
    """A line about somebody, whom the source calls by their handle."""
    values = {"external_id": who, "email": f"{who}@example.org", "name": who.capitalize(), **fields}
    return Entry(**values)  # type: ignore[arg-type]


class World:
    """One workspace and one source."""

    def __init__(self) -> None:
        self.olga, self.otto = person("olga"), person("otto")
        Person.objects.filter(pk__in=[self.olga.pk, self.otto.pk]).update(is_owner=True)
        for one in (self.olga, self.otto):
            one.refresh_from_db()
        self.course = workspace_services.create_workspace(
            actor=self.olga, slug="course", name="Course", template="blank"
        )
        self.hall = self.channel("hall", is_default=True)
        self.square = self.channel("square")
        self.secret = self.channel("secret", visibility=Visibility.PRIVATE)
        self.source = self.open("roster")

    def channel(self, slug: str, by: Person | None = None, **fields: object) -> Channel:
        """One more channel."""
        return channel_services.create_channel(
            actor=by or self.olga,
            workspace=self.course,
            name=slug.capitalize(),
            slug=slug,
            **fields,  # type: ignore[arg-type]
        )

    def open(self, name: str, leaving: Leaving = Leaving.REMOVE) -> Source:
        """A source of Course."""
        source = services.open_source(actor=self.olga, workspace=self.course, name=name, kind=Kind.REST)
        return services.change_source(actor=self.olga, source=source, leaving=leaving, largest_share=20, welcome=False)

    def member(self, handle: str, role: Role = Role.LEARNER) -> Person:
        """One more member, added by hand."""
        made = person(handle)
        workspace_services.add_member(actor=self.olga, workspace=self.course, person=made, role=role)
        return made

    def enrol(
        self,
        *people: Entry,
        mode: Mode = Mode.MERGE,
        source: Source | None = None,
        actor: Person | None = None,
        confirmed: bool = False,
        dry_run: bool = False,
        as_of: datetime | None = None,
    ) -> Report:
        """A list, in Olga's name."""
        return services.enrol(
            source=source or self.source,
            people=people,
            mode=mode,
            actor=actor or self.olga,
            confirmed=confirmed,
            dry_run=dry_run,
            as_of=as_of,
        )

    def mirror(self, *people: Entry, source: Source | None = None, confirmed: bool = True) -> Report:
        """The whole of a source."""
        return self.enrol(*people, mode=Mode.MIRROR, source=source, confirmed=confirmed)

    def role(self, who: str) -> Role | None:
        """Somebody's role in Course."""
        found = Membership.objects.filter(workspace=self.course, person__email=f"{who}@example.org").first()
        return Role(found.role) if found else None

    def groups(self, who: str) -> set[str]:
        """The names of somebody's groups."""
        rows = GroupMembership.objects.filter(person__email=f"{who}@example.org", group__workspace=self.course)
        return set(rows.values_list("group__name", flat=True))

    def channels(self, who: str) -> set[str]:
        """The addresses of somebody's channels, but for the one that each workspace has."""
        rows = ChannelMembership.objects.filter(person__email=f"{who}@example.org", channel__workspace=self.course)
        return set(rows.exclude(channel__slug="general").values_list("channel__slug", flat=True))


def outcomes(report: Report) -> dict[str, str]:
    """What became of everybody."""
    return {line.external_id: line.outcome.value for line in report.lines}


def line(report: Report, who: str) -> Line:
    """What became of one person."""
    return next(each for each in report.lines if each.external_id == who)


def described(lines: Sequence[Line]) -> list[tuple[str, str, str]]:
    """Lines without ids, to compare a preview with what was done."""
    return [(each.external_id, each.outcome.value, each.detail) for each in lines]
