"""Leading people on to a tool, and saying so when that cannot be."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tertulia.kernel.errors import Refusal


class Misfit(Refusal):
    """Somebody came from a tool that asks for what we cannot answer, and cannot be sent back there with it either."""

    type = "bad-tool-request"

    def __init__(self, reason: str) -> None:
        super().__init__(
            _(
                "The tool that you came from asked in a way that Tertulia cannot answer: %(reason)s. Please show this"
                " to the people who run that tool; you cannot mend it."
            )
            % {"reason": reason}
        )


def lead_on(request: HttpRequest, address: str, *, name: str) -> HttpResponse:
    """A page that goes on to `address` at once. After a form a redirect would not do: browsers hold it to our content
    policy, which lets forms lead to ourselves only, and so all further redirects of the tool's own.
    """
    if address.startswith("/"):
        response = HttpResponse(status=302)
        response["Location"] = address
        return response
    context = {"address": address, "name": name or urlsplit(address).hostname or ""}
    return render(request, "people/tools/lead_on.html", context)
