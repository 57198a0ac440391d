"""Hostile input takes time in proportion to its length."""

from __future__ import annotations

import faulthandler
from collections.abc import Callable, Iterator
from time import thread_time

import pytest

from tertulia.kernel.rich_text import NO_NAMES, render

HALF = 20_000


def repeated(piece: str) -> Callable[[int], str]:
    return lambda size: (piece * (size // len(piece) + 1))[:size]


HOSTILE: dict[str, Callable[[int], str]] = {
    piece: repeated(piece)
    for piece in [
        *(
            ">",
            "> ",
            "- ",
            "1. ",
            "[",
            "![",
            "[[]",
            "][",
            "[a](",
            "[a](<",
            "[^",
            "[^a]",
            "*",
            "*a **b ",
            "_a __b ",
            "**x",
        ),
        *(
            "$",
            "$a ",
            "$$a ",
            "${",
            "$x$ ",
            "`",
            "`a``b",
            "<",
            "<a ",
            "<!--",
            "<?",
            "<![CDATA[",
            '<a href="',
            "~a~~b",
            "|a",
        ),
        *(
            "&",
            "&#",
            "\\",
            "@",
            "@a",
            "@a.",
            "@a....",
            "#a-",
            ":a",
            ":tada:",
            "http://",
            "http://a ",
            "www.",
            "\n",
            " \n",
        ),
        *(
            "```\n",
            "```c\n(((( \n```\n",
            "- [ ] a\n",
            "[a]: b\n",
            "[^a]: b\n",
            "[x]: a '\n",
            "a\n=\n",
            "\t-",
            "word, ",
            "🎉",
        ),
    ]
} | {
    "brackets": lambda size: "[" * (size // 2) + "]" * (size // 2),
    "deep quotation": lambda size: ">" * (size // 2) + "a\n" + "b\n" * (size // 4),
    "deep list": lambda size: "- " * (size // 4) + "a\n" + "b\n" * (size // 4),
    "199 deep": lambda size: "- " * 199 + "a\n" + "b\n" * (size // 2),
    "wide table": lambda size: "|a" * (size // 8) + "|\n" + "|-" * (size // 8) + "|\n" + "a\n" * (size // 4),
    "long definition": lambda size: "[a]: " + "u" * (size // 2) + "\n\n" + "[a]" * (size // 6),
    "many definitions": lambda size: "".join(f"[^{n}]: a\n[^{n}]\n\n" for n in range(size // 20)),
    "indented": lambda size: "".join(" " * n + "- a\n" for n in range(int((2 * size) ** 0.5))),
    "spaces": lambda size: "a" + " " * size + "b",
    "parentheses": lambda size: "http://a" + ")" * size,
    "entities": lambda size: "http://a" + "&a;" * (size // 3),
    "dashes": lambda size: "@a" + "-" * size + " #a" + "-" * size,
    "marks": lambda size: "a" + "\u0301\u0316" * (size // 2),
    "formulas": lambda size: "".join(f"$x_{{{n}}}$ " for n in range(size // 10)),
    "lexers": lambda size: "".join(f"```{n}\n{'a (' * 300}\n```\n" for n in ("c", "cpp", "csharp")) + "a" * size + "*",
    "backticks": lambda size: "".join("`" * n + " " for n in range(int((2 * size) ** 0.5))),
}


@pytest.fixture
def _watched() -> Iterator[None]:
    faulthandler.dump_traceback_later(120, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.mark.usefixtures("_watched")
@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_length_and_not_faster(name: str) -> None:
    def cost(size: int) -> float:
        started = thread_time()
        done = render(HOSTILE[name](size), NO_NAMES)
        spent = thread_time() - started
        assert len(done.html) < 40 * size
        return spent

    # Twice the text may take three times as long; quadratic work takes four. What is quick anyway is not compared.
    whole = cost(2 * HALF)
    assert whole < 2
    if whole > 0.1:
        assert min(whole, cost(2 * HALF)) < 3 * min(cost(HALF), cost(HALF)) + 0.05
