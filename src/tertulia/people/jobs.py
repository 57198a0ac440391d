"""Background tasks of people: sweeping up what is over."""

from __future__ import annotations

from allauth.idp.oidc.models import Token
from procrastinate.contrib.django import app

from tertulia.people.tools.adapter import KEYS


@app.periodic(cron="41 * * * *")
@app.task(queue="sweeping", queueing_lock="sweep-tools")
def sweep_tools(timestamp: int) -> None:
    """Drop tools' tokens whose time is over, and keys that are not published any more."""
    del timestamp
    Token.objects.expired().delete()
    KEYS.drop_retired()
