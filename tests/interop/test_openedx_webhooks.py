"""Open edX's own events, by plugins that we did not write: `openedx-webhooks` and `eox-hooks` post to us."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from tertulia.enrolments.models import Key
from tertulia.integrations.openedx.models import Connection, Event, Outcome
from tertulia.integrations.openedx.services import connections
from tertulia.people import services as people

from .environments import python_with

HERE = Path(__file__).parent
GUIDE = HERE.parents[1] / "docs" / "integrations" / "open-edx.md"
RUN = "course-v1:Ateneo+BAKE101+2026_T1"
COMMON = ("openedx-events==10.5.0", "Django~=5.2.0")
PLUGINS = {
    "openedx-webhooks": ("openedx-webhooks==21.0.1",),
    "eox-hooks": ("eox-hooks==8.4.0", "mock", "pyyaml", "requests"),
}


@pytest.fixture
def told(transactional_db: None) -> tuple[Connection, str]:
    """A platform whose course is followed, and the secret of its webhooks."""
    del transactional_db
    owner = people.create_person(email="olga@example.org", display_name="Olga", verified=True, is_owner=True)
    connection = connections.add_connection(
        actor=owner, name="Campus", address="http://127.0.0.1:9", client_id="a", client_secret="b", follow=[RUN]
    )
    return connection, connections.new_webhook_secret(actor=owner, connection=connection)


def send(plugin: str, *words: str, settings: str = "") -> None:
    """Let the plugin send its events."""
    name = plugin.removesuffix("-form")
    python = python_with(name, *PLUGINS[name], *COMMON)
    command = [python, str(HERE / "openedx_sender.py"), plugin, *words]
    done = subprocess.run(command, input=settings, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def check(connection: Connection) -> None:
    """Everything was taken, understood and applied."""
    kept = list(Event.objects.filter(connection=connection).order_by("happened_at"))
    assert [event.outcome for event in kept] == [Outcome.TOLD] * 4
    assert [event.type for event in kept] == [
        "course.enrollment.created",
        "course.enrollment.changed",
        "cohort_membership.changed",
        "course.unenrollment.completed",
    ]
    ana = connection.system.registrations.get(subject="ana", scope=RUN)
    assert not ana.active
    assert (ana.facts[Key.TRACK], ana.facts[Key.COHORT]) == (["verified"], ["Mornings"])
    assert ana.email == "ana@example.org"
    assert connection.courses.get().title == "Baking"


@pytest.mark.parametrize("plugin", ["openedx-webhooks", "openedx-webhooks-form"])
def test_openedx_webhooks(told: tuple[Connection, str], live_server: LiveServer, plugin: str) -> None:
    connection, secret = told
    send(plugin, f"{live_server.url}/openedx/{connection.pk}/openedx-webhooks/{secret}")
    check(connection)


def test_eox_hooks_with_the_settings_of_our_guide(told: tuple[Connection, str], live_server: LiveServer) -> None:
    connection, secret = told
    shown = re.search(r"```yaml\n(USE_EOX_HOOKS.*?)```", GUIDE.read_text(), re.DOTALL)
    assert shown
    address = f"{live_server.url}/openedx/{connection.pk}/eox-hooks"
    settings = shown[1].replace("TERTULIA/openedx/CONNECTION/eox-hooks", address).replace("SECRET", secret)
    send("eox-hooks", settings=settings)
    check(connection)
