"""Dynamic registration: an LMS registers itself by the one-time link of an owner."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from tertulia.integrations.lti.models import Deployment, Platform, RegistrationLink
from tertulia.integrations.lti.services.platforms import make_registration_link
from tertulia.kernel.clock import now
from tertulia.kernel.errors import NotFound
from tertulia.people.models import Person

from .platform import FakePlatform
from .world import World

TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"


def _register(world: World, **sent: str) -> tuple[str, dict[str, str]]:
    secret = make_registration_link(actor=world.olga)
    address = f"{world.fake.url}/openid-configuration"
    return f"/lti/register/{secret}", {"openid_configuration": address, "registration_token": "tok", **sent}


def test_an_lms_registers_itself(world: World, fake: FakePlatform) -> None:
    path, sent = _register(world)
    admin = Client()
    page = admin.get(path, sent)
    assert fake.url in page.content.decode()
    assert fake.registered == []  # looking registers nothing
    assert "registered" not in fake.tokens_shown
    assert admin.post(path, sent).status_code == 200
    [told] = fake.registered
    assert fake.tokens_shown == ["Bearer tok"]
    assert told["initiate_login_uri"] == f"{settings.BASE_URL}/lti/login"
    assert told["redirect_uris"] == [f"{settings.BASE_URL}/lti/launch"]
    assert told["jwks_uri"] == f"{settings.BASE_URL}/lti/jwks"
    assert told["token_endpoint_auth_method"] == "private_key_jwt"
    assert {message["type"] for message in told[TOOL]["messages"]} == {
        "LtiResourceLinkRequest",
        "LtiDeepLinkingRequest",
    }
    platform = Platform.objects.get(client_id="given-client")
    assert (platform.issuer, platform.jwks_url, platform.mail_verified) == (fake.url, f"{fake.url}/jwks", False)
    assert [one.deployment_id for one in Deployment.objects.filter(platform=platform)] == ["1"]


def test_a_link_works_once(world: World, fake: FakePlatform) -> None:
    path, sent = _register(world)
    Client().post(path, sent)
    assert Client().post(path, sent).status_code == 404
    assert Client().get(path, sent).status_code == 404
    assert len(fake.registered) == 1


def test_a_platform_that_is_here_already_uses_no_link_up(world: World, fake: FakePlatform) -> None:
    path, sent = _register(world)
    Client().post(path, sent)
    again, sent = _register(world)
    assert Client().post(again, sent).status_code == 409
    assert RegistrationLink.objects.filter(used_at=None).count() == 1
    assert Platform.objects.count() == 2
    assert len(fake.registered) == 2


def test_an_old_link_and_one_of_a_former_owner_work_no_more(world: World) -> None:
    old, sent = _register(world)
    RegistrationLink.objects.update(expires_at=now() - timedelta(seconds=1))
    assert Client().post(old, sent).status_code == 404
    former, sent = _register(world)
    Person.objects.filter(pk=world.olga.pk).update(is_owner=False)
    assert Client().post(former, sent).status_code == 404
    assert Client().get("/lti/register/guessed", sent).status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/openid-configuration",
        "file:///etc/passwd",
        "http://169.254.169.254/latest",
        "http://0.0.0.0/",
        "http://[::ffff:169.254.169.254]/",
        "gopher://127.0.0.1/",
        "http://user:password@127.0.0.1/",
        "http://no-such-host.invalid/",
        "https://[bad",
        "{url}/elsewhere",
        "{url}/jwks",
    ],
)
def test_addresses_that_are_no_lms_are_refused(world: World, fake: FakePlatform, address: str) -> None:
    path, sent = _register(world, openid_configuration=address.replace("{url}", fake.url))
    assert Client().post(path, sent).status_code == 422
    assert Platform.objects.count() == 1
    assert RegistrationLink.objects.get().used_at is None


def test_nobody_speaks_for_anothers_issuer(world: World, fake: FakePlatform) -> None:
    url = fake.url
    fake.url = "https://lms.example.org"  # what its configuration says of itself from now on
    path, sent = _register(world, openid_configuration=f"{url}/openid-configuration")
    assert Client().post(path, sent).status_code == 422
    assert Platform.objects.count() == 1


def test_only_owners_make_links(world: World) -> None:
    for person in (world.ida, world.otto):
        with pytest.raises(NotFound):
            make_registration_link(actor=person)
