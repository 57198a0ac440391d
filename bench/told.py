"""A platform tells of a class, and a rule brings it in; run as a program beside the product's database.

`python -m bench.told WORKSPACE COUNT` with `TERTULIA_DATABASE_URL`; prints seconds as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid

import django


def main(slug: str, count: int) -> None:
    """Tell, apply, and apply once more."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tertulia.config.settings")
    django.setup()
    from tertulia.enrolments import services
    from tertulia.enrolments.models import Key, Kind, System
    from tertulia.enrolments.records import Draft, Registered
    from tertulia.enrolments.services.rules.following import apply_rule
    from tertulia.kernel.clock import now
    from tertulia.workspaces.models import Membership, Role

    owner = Membership.objects.select_related("person", "workspace").get(workspace__slug=slug, role=Role.OWNER)
    mark = uuid.uuid4().hex[:8]
    system = services.open_system(kind=Kind.OPENEDX, name=mark, issuer=f"https://{mark}.example", mail_verified=True)
    System.objects.filter(pk=system.pk).update(is_open=True)
    draft = Draft(name=mark, conditions=[(Key.RUN, [mark]), (Key.TRACK, ["verified"])], groups=[mark])
    rule = services.write_rule(actor=owner.person, workspace=owner.workspace, draft=draft)
    people = [
        Registered(
            subject=str(number),
            facts={Key.RUN: [mark], Key.TRACK: ["verified"]},
            email=f"{mark}-{number}@example.org",
            name=f"Learner {number % 500}",
        )
        for number in range(count)
    ]
    began = time.perf_counter()
    services.tell_whole(system=system, scope=mark, people=people, as_of=now())
    told = time.perf_counter()
    (applied,) = apply_rule(rule.pk)
    done = time.perf_counter()
    assert sum(applied.counts.values()) == count  # few are in already: they were followed when they were told of
    apply_rule(rule.pk)
    again = time.perf_counter()
    services.delete_rule(actor=owner.person, rule=rule, keep_people=False)
    sys.stdout.write(json.dumps({"tell": told - began, "apply": done - told, "again": again - done}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
