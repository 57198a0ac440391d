"""Runs in an environment of its own: `scim2-tester` against a directory. Prints what it found as JSON."""

import json
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

base, token = sys.argv[1:]
with Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=30) as http:
    results = check_server(SyncSCIMClient(http))
bad = [
    f"{one.title} ({one.resource_type}): {one.reason}"
    for one in results
    if one.status not in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE, Status.SKIPPED)
]
skipped = [f"{one.title} ({one.resource_type}): {one.reason}" for one in results if one.status is Status.SKIPPED]
json.dump({"checks": len(results), "bad": bad, "skipped": skipped}, sys.stdout)
