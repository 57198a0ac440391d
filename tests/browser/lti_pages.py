"""An LMS and a course in the house, so that the pages of LTI have something to show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page

from tertulia.integrations.lti.models import Context, DeepLinking, Pending, Platform, Refused, Runner
from tertulia.integrations.lti.secrets import digest
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
        }


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
