"""A platform beside Course, open to it, and rules about what it tells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tertulia.enrolments import services
from tertulia.enrolments.models import Key, Kind, Registration, Rule, Source, System
from tertulia.enrolments.records import Draft, Registered, Told
from tertulia.people.models import Person
from tertulia.people.services import identities
from tertulia.workspaces.models import Workspace

from .world import World

ISSUER = "https://campus.example"


def person_of(who: str) -> Person:
    """Whose handle this is."""
    return Person.objects.get(handle=who)


class RulesWorld(World):
    """Course, and Campus, a platform that everybody's rules may use and that proves addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.campus = self.system("Campus", ISSUER)

    def system(self, name: str, issuer: str, *, kind: Kind = Kind.OPENEDX, is_open: bool = True) -> System:
        """One more system."""
        made = services.open_system(kind=kind, name=name, issuer=issuer, mail_verified=True)
        System.objects.filter(pk=made.pk).update(is_open=is_open)
        made.refresh_from_db()
        return made

    def rule(self, name: str = "Rule", *conditions: tuple[Key, Sequence[str]], **fields: object) -> Rule:
        """A rule of Course, Olga's unless somebody else is the `actor`."""
        rule, actor = fields.pop("rule", None), fields.pop("actor", self.olga)
        confirmed, workspace = fields.pop("confirmed", False), fields.pop("workspace", self.course)
        assert isinstance(actor, Person)
        assert rule is None or isinstance(rule, Rule)
        assert workspace is None or isinstance(workspace, Workspace)
        draft = Draft(name=name, conditions=conditions, **fields)  # type: ignore[arg-type]
        return services.write_rule(actor=actor, workspace=workspace, draft=draft, rule=rule, confirmed=bool(confirmed))

    def tell(
        self,
        *who: str,
        scope: str = "baking",
        active: bool | None = True,
        system: System | None = None,
        as_of: datetime | None = None,
        **facts: Sequence[str],
    ) -> Told:
        """News of people, who are learners of a run unless `facts` say otherwise."""
        said = {Key(key): values for key, values in facts.items()} or {Key.RUN: [scope]}
        people = [
            Registered(
                subject=one, scope=scope, facts=said, email=f"{one}@example.org", name=one.capitalize(), active=active
            )
            for one in who
        ]
        return services.tell(system=system or self.campus, people=people, as_of=as_of)

    def source_of(self, rule: Rule) -> Source:
        """The source by which a rule speaks to Course."""
        return Source.objects.get(rule_source__rule=rule, workspace=self.course)

    def members(self) -> set[str]:
        """The handles of everybody in Course but Olga."""
        return set(self.course.memberships.exclude(person=self.olga).values_list("person__handle", flat=True))

    def come(self, who: str, subject: str = "", issuer: str = ISSUER) -> Person:
        """Somebody comes in by a platform's sign-in, which proves no address."""
        return identities.arrive(issuer=issuer, subject=subject or who, name=who, email="", email_verified=False)

    def known(self, who: str, scope: str = "baking") -> Registration:
        """What Campus says of somebody."""
        return Registration.objects.get(system=self.campus, subject=who, scope=scope)
