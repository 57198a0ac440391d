"""The fake Open edX by hand: `python -m tests.integrations.openedx.fake_platform`, then commands, one a line."""

from __future__ import annotations

import argparse
import shlex
import sys

import urllib3

from .fake_platform import RUN, TITLE, FakePlatform

HELP = """\
  class 250                       250 learners enrol, without events
  enrol ana [verified]            ana enrols, or changes her track
  leave ana                       ana leaves
  cohort ana Mornings             ana is put into a cohort
  hook ADDRESS [eox-hooks]        tell this address of events
  send [reversed|shuffled] [2]    send the events since the last time (each twice)
  fail throttled [enrollments]    the next request is throttled; also expired, forbidden, missing, broken, away,
                                  garbage, cut, throttled-in-words; with a part of the path it is meant for
  staff off | on                  whether the client's user is staff
  as ana                          who sits at the browser, for signing in
  help, quit"""


def main() -> None:
    """Serve until the end of input."""
    parser = argparse.ArgumentParser(description="A FAKE Open edX, to try Tertulia against.")
    parser.add_argument("--port", type=int, default=8720)
    parser.add_argument("--learners", type=int, default=30)
    chosen = parser.parse_args()
    platform = FakePlatform().start(chosen.port)
    platform.enrol_class(chosen.learners)
    platform.sign_in_as("ana")
    _say(f"A FAKE Open edX at {platform.origin}: {TITLE} ({RUN}), {chosen.learners} learners")
    _say(f"roster client: {' / '.join(platform.roster_client)}")
    _say(f"sign-in client: {' / '.join(platform.sign_in_client)}")
    _say(HELP)
    for line in sys.stdin:
        try:
            _say(_do(platform, shlex.split(line)))
        except EOFError:
            break
        except (KeyError, ValueError, OSError, urllib3.exceptions.HTTPError) as error:
            _say(f"That did not go: {error!r}. Try “help”.")
    platform.stop()


def _do(platform: FakePlatform, words: list[str]) -> str:
    if words == ["quit"]:
        raise EOFError
    match words:
        case ["class", count]:
            platform.enrol_class(int(count))
        case ["enrol", name, *rest]:
            platform.enrol(name, mode=rest[0] if rest else "audit")
        case ["leave", name]:
            platform.unenrol(name)
        case ["cohort", name, cohort]:
            platform.cohort(name, cohort)
        case ["as", name]:
            platform.sign_in_as(name)
        case _:
            return _order(platform, words)
    return f"done; {len(platform.events)} events wait to be sent"


def _order(platform: FakePlatform, words: list[str]) -> str:
    match words:
        case ["hook", address, *rest]:
            platform.subscribe(address, "eox-hooks" if rest else "openedx-webhooks")
        case ["send", *rest]:
            order = next((word for word in rest if not word.isdigit()), "happened")
            times = next((int(word) for word in rest if word.isdigit()), 1)
            return f"answers: {platform.send_webhooks(order, times=times)}"  # type: ignore[arg-type]  # typed by hand
        case ["fail", trouble, *rest]:
            platform.fail_next(trouble, rest[0] if rest else "/api/")  # type: ignore[arg-type]  # typed by hand
        case ["staff", word]:
            platform.is_staff = word == "on"
        case _:
            return HELP
    return "done"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
