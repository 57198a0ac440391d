"""An LMS and a course in the house, so that the pages of LTI have something to show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page

from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Key
from tertulia.enrolments.records import Draft, Outcome, Registered
from tertulia.integrations.lti import gradebook
from tertulia.integrations.lti.models import (
    Context,
    DeepLinking,
    Grade,
    Learner,
    Pending,
    Platform,
    Refused,
    RosterFetch,
    Runner,
    Score,
)
from tertulia.integrations.lti.secrets import digest
from tertulia.integrations.lti.services import facts
from tertulia.integrations.lti.services.platforms import add_platform, make_registration_link
from tertulia.kernel.clock import now

from .house import House

LTI = "https://purl.imsglobal.org/spec/lti/claim/"


def lti(path: str) -> Callable[[Page, House], None]:
    """Ana goes to a page of LTI; `{platform}`, `{course}`, `{new}`, `{choice}` and `{link}` are filled in."""

    def go(page: Page, house: House) -> None:
        filled = path.format(**_furnish(house))
        answer = page.goto(filled)
        assert answer
        assert answer.status == 200, filled

    return go


def refused(page: Page, house: House) -> None:
    """A launch that cannot begin."""
    del house
    answer = page.goto("/lti/login?iss=https://unknown.example.org&login_hint=1&target_link_uri=x")
    assert answer
    assert answer.status == 403


def waiting(page: Page, house: House) -> None:
    """A launch that waits for its person to say who they are."""
    with house.site.database():
        platform = _platform(house)
        claims = {
            "sub": "ana", "name": "Ana at school", f"{LTI}version": "1.3.0", f"{LTI}deployment_id": "1",
            f"{LTI}message_type": "LtiResourceLinkRequest", f"{LTI}roles": [], f"{LTI}resource_link": {"id": "1"},
            f"{LTI}target_link_uri": f"{house.site.url}/lti/launch",
        }  # fmt: skip
        Pending.objects.get_or_create(
            digest=digest("waiting"),
            defaults={"platform": platform, "claims": claims, "expires_at": now() + timedelta(hours=1)},
        )
    page.context.add_cookies([{"name": "tertulia_lti_pending", "value": "waiting", "url": house.site.url}])
    answer = page.goto("/lti/continue")
    assert answer
    assert answer.status == 200


def _furnish(house: House) -> dict[str, object]:
    with house.site.database():
        platform = _platform(house)
        shown = {
            "title": "Baking, spring term",
            "workspace": house.workspace,
            "last_launch_at": now(),
            "nrps_url": "https://lms.example.org/roster",
            "roster_at": now(),
            "roster_problem": "https://lms.example.org/roster answers 503",
        }
        course, _made = Context.objects.get_or_create(
            platform=platform, deployment_id="1", context_id="1", defaults=shown
        )
        new, _made = Context.objects.get_or_create(
            platform=platform, deployment_id="1", context_id="2", defaults={"title": "Brewing"}
        )
        for context in (course, new):
            Runner.objects.get_or_create(context=context, person=house.ana)
        choice = DeepLinking.objects.create(
            context=course, person=house.ana, return_url="https://lms.example.org/", expires_at=now() + timedelta(1)
        )
        return {
            "platform": platform.pk,
            "course": course.pk,
            "new": new.pk,
            "choice": choice.pk,
            "link": make_registration_link(actor=house.ana),
            "grade": _grade(course, house).pk,
            "home": house.home,
        }


def _grade(course: Context, house: House) -> Grade:
    """Ben's score has arrived, Tess's was not taken, and the platform asks to wait."""
    if not course.fetches.exists():
        counts = {outcome.value: 3 for outcome in Outcome}
        RosterFetch.objects.create(context=course, state=RosterFetch.State.DONE, people_count=31, counts=counts)
        RosterFetch.objects.create(
            context=course, not_before=now() + timedelta(minutes=4), problem="It asks to wait.", people_count=500
        )
    scopes = [gradebook.LINE_ITEM, gradebook.SCORE]
    course.ags = {"scopes": scopes, "line_items": "https://lms.example.org/lineitems", "line_item": ""}
    course.save(update_fields=["ags"])
    Learner.objects.get_or_create(context=course, person=house.ana, defaults={"subject": "ana"})
    grade, is_new = Grade.objects.get_or_create(
        context=course,
        label="Taking part",
        defaults={"channels": [house.table.pk], "until": now() + timedelta(days=30), "counted_at": now()},
    )
    if is_new:
        Grade.objects.filter(pk=grade.pk).update(problem="It asks to wait.", not_before=now() + timedelta(minutes=4))
        sent = {"sent_at": now(), "sent_given": 6.67, "sent_maximum": 10, "sent_counted": 2, "due": False}
        for person in (house.ana, house.ben):
            Score.objects.create(grade=grade, person=person, subject=person.handle, counted=2, **sent)
        refused = "The platform did not take it: https://lms.example.org/lineitems/1/scores answers 422."
        Score.objects.create(grade=grade, person=house.tess, subject="tess", counted=1, due=False, problem=refused)
    return grade


def several(page: Page, house: House) -> None:
    """A course without a home, whose people a rule has put into two workspaces."""
    filled = _furnish(house)
    with house.site.database():
        course = Context.objects.select_related("platform").get(pk=str(filled["new"]))
        system = facts.system_of(course.platform)
        enrolments.tell(
            system=system,
            people=[
                Registered(
                    subject="ana",
                    scope=facts.scope_of(course),
                    facts={Key.CONTEXT: [course.context_id]},
                    person_id=house.ana.pk,
                )
            ],
        )
        for workspace in (house.workspace, house.lobby):
            draft = Draft(name="Brewers", conditions=[("context", [course.context_id])], system_id=system.pk)
            enrolments.write_rule(actor=house.ana, workspace=workspace, draft=draft)
    answer = page.goto(f"/lti/courses/{course.pk}/places")
    assert answer
    assert answer.status == 200


def followed(page: Page, house: House) -> None:
    """A course without a home, whose roster is fetched for a rule; more people than usual would leave."""
    filled = _furnish(house)
    with house.site.database():
        course = Context.objects.select_related("platform").get(pk=str(filled["new"]))
        Platform.objects.filter(pk=course.platform.pk).update(rosters_for_rules=True)
        system = facts.system_of(course.platform)
        draft = Draft(name="Who brews", conditions=[("context", [course.context_id])], system_id=system.pk)
        enrolments.write_rule(actor=house.ana, workspace=house.lobby, draft=draft)
        problem = "More people than usual would have to leave, so nothing was changed."
        told = {"nrps_url": "https://lms.example.org/roster?2", "roster_at": now(), "roster_problem": problem}
        Context.objects.filter(pk=course.pk).update(label="BR1", last_launch_at=now(), **told)
        counts = {"new": 31, "changed": 0, "gone": 2, "unchanged": 4, "waiting": 7}
        RosterFetch.objects.create(context=course, state=RosterFetch.State.DONE, people_count=37, counts=counts)
        RosterFetch.objects.create(context=course, state=RosterFetch.State.FAILED, people_count=12, problem=problem)
    answer = page.goto(f"/installation/lti/courses/{course.pk}")
    assert answer
    assert answer.status == 200


def _platform(house: House) -> Platform:
    found = Platform.objects.filter(client_id="tertulia").first()
    if found is not None:
        return found
    made = add_platform(
        actor=house.ana,
        name="School",
        issuer="https://lms.example.org",
        client_id="tertulia",
        auth_url="https://lms.example.org/auth",
        jwks_url="https://lms.example.org/jwks",
        token_url="https://lms.example.org/token",
        deployments=["1"],
    )
    Refused.objects.create(platform=made, reason="unknown-deployment", details={"deployment": "2"})
    return made
