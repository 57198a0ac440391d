"""The marks inside running text that Markdown does not know: bare addresses, `@name`, `#channel`, `:emoji:`."""

from __future__ import annotations

import re

# A bare address may hold `*`, `_`, `~` or `$`, which the Markdown parser would take for marks of its own. So each is
# replaced, before parsing, by its number between two characters that no text can hold (`normalise` removes them).
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_STASHED = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")

# Not inside `<address>` or `](address)`, which Markdown links by itself. The stops are what RFC 3986 does not allow,
# invisible characters that could disguise an address, and East Asian punctuation, before which nobody types a space.
_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9</])(?<!\]\()(?<!\]: )(?:https?://|www\.)(?=[^\W_])"
    r'[^\s<>"`|\[\]{}^\\\x00-\x1f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f'
    r"\u3001\u3002\u300a-\u3011\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f\ufdd0\ufdd1]+",
    re.IGNORECASE,
)
_TRAILING_ENTITY = re.compile(r"&[A-Za-z0-9]+;\Z")

# Letters of scripts that put spaces between words. Thai, Chinese, Japanese and Korean write names without them.
_LETTER = r"[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]"

# Each alternative begins with its own character, so that the search leaps from one candidate to the next.
TOKEN = re.compile(
    rf"""
      {_OPEN}(?P<address>[0-9]+){_CLOSE}
    | @(?<!{_LETTER}@)(?<![/@+]@)(?P<name>(?>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?))(?!@|{_LETTER})
    | \#(?<!{_LETTER}\#)(?<![/\#&]\#)(?P<slug>(?>[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?))(?!{_LETTER})
    | :(?<!{_LETTER}:)(?P<emoji>[A-Za-z0-9_+-]{{1,64}}):
    """,
    re.VERBOSE,
)


def _trim(address: str) -> str:
    """Leave off what belongs to the sentence, as GitHub Flavored Markdown does (section 6.9)."""
    surplus = address.count(")") - address.count("(")
    end = len(address)
    while True:  # the pattern sees to it that something is left
        last = address[end - 1]
        if last in "?!.,:*_~'":
            end -= 1
        elif last == ")" and surplus > 0:
            surplus -= 1
            end -= 1
        elif last == ";" and (entity := _TRAILING_ENTITY.search(address, max(0, end - 32), end)):
            end = entity.start()
        else:
            break
    return address[:end]


def stash_addresses(body: str) -> tuple[str, list[str]]:
    """Replace the bare addresses of `body` by marks; return it with the list of what was taken out."""
    addresses: list[str] = []
    if "://" not in body and "www." not in body:
        return body, addresses

    def take(match: re.Match[str]) -> str:
        address = _trim(match[0])
        addresses.append(address)
        return f"{_OPEN}{len(addresses) - 1}{_CLOSE}{match[0][len(address) :]}"

    return _ADDRESS.sub(take, body), addresses


def restore_addresses(text: str, addresses: list[str]) -> str:
    """Put the addresses back where they are not links: in code, formulas, titles and destinations."""
    if not addresses or _OPEN not in text:
        return text
    return _STASHED.sub(lambda match: addresses[int(match[1])], text)
