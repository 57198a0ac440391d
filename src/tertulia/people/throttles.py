"""How often somebody may try to get in: per account, so that nobody is guessed at, and per address, so that nobody
guesses at everybody. Kept by `kernel.limits`, which knows how long to wait; allauth's own limits only say no.
"""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.core.internal.ratelimit import truncate_ip
from django.http import HttpRequest

from tertulia.kernel import limits

PASSWORD = limits.SIGN_IN
CODE = limits.Limit("sign-in-code", times=5, seconds=600, fixed=True)  # mails sent
SECOND_FACTOR = limits.Limit("second-factor", times=5, seconds=300, fixed=True)
FROM = limits.Limit("sign-in-from", times=100, seconds=300)  # wide enough for a class behind one router
ELSEWHERE = limits.Limit("sign-in-elsewhere", times=1000, seconds=300)  # nobody guesses there; a campus is one address
TOOLS = limits.Limit("tools", times=6000, seconds=300)


def spend(request: HttpRequest, limit: limits.Limit, account: object) -> None:
    """Count one try at `account` from where `request` comes from. Raises TooMany."""
    limits.spend(FROM, truncate_ip(get_adapter().get_client_ip(request)))
    limits.spend(limit, account)


def spend_elsewhere(request: HttpRequest) -> None:
    """Count one step of signing in by an outside system, each of which we ask something. Raises TooMany."""
    limits.spend(ELSEWHERE, truncate_ip(get_adapter().get_client_ip(request)))


def spend_tool(request: HttpRequest) -> None:
    """Count one question of a tool, all of whose people may come from one machine. Raises TooMany."""
    limits.spend(TOOLS, truncate_ip(get_adapter().get_client_ip(request)))
