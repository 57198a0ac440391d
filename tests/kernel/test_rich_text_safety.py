"""Whatever is sent: nothing active comes out and nothing is lost."""

from __future__ import annotations

import re
from html import escape, unescape
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tertulia.kernel.rich_text import (
    ChannelName,
    Names,
    PersonName,
    highlighting,
    normalise,
    render,
    rendering,
    scan,
)
from tertulia.kernel.rich_text.sanitising import MATHML_ATTRIBUTES, TAGS

EVIL = "\"'><img src=x onerror=alert(1)>"
NAMES = Names(
    people={"a": PersonName(EVIL, EVIL, EVIL), "ana": PersonName("p1", "ana", "Ana")},
    groups={"b": EVIL},
    channels={"c": ChannelName(EVIL, "c", EVIL, "javascript:alert(1)")},
)
ATTRIBUTES = MATHML_ATTRIBUTES | {
    *("alt", "aria-label", "checked", "class", "data-group", "data-language", "data-person", "dir", "disabled"),
    *("display", "href", "id", "loading", "rel", "scope", "src", "start", "tabindex", "title", "type"),
}
VOID = {"br", "hr", "img", "input"}


class Inspector(HTMLParser):
    """Fails on anything that is not on the lists, and on tags that do not match."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert name in ATTRIBUTES
            if name == "href":
                assert re.match(r"https?://|mailto:|/(?![/\\])|#fn", value or "", re.IGNORECASE)
            if name == "src":
                assert re.match(r"/files/(?!.*\.\.)", value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        pytest.fail(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        pytest.fail(f"a declaration: {decl}")

    def handle_pi(self, data: str) -> None:
        pytest.fail(f"an instruction: {data}")


def assert_harmless(written: str) -> None:
    inspector = Inspector()
    inspector.feed(written)
    inspector.close()
    assert inspector.open == []


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?>",
    "<!DOCTYPE html>",
    "<b\n onclick=alert(1)>x</b>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#x0A;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](<java script:alert(1)>)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "[x](file:///etc/passwd)",
    "[x](//evil.test)",
    "[x](/\\evil.test)",
    "[x](/\t/evil.test)",
    '[x](https://a.test/"onmouseover="alert(1))',
    '[x](<https://a.test/ "><script>alert(1)</script>>)',
    "[x](https://a.test '\" onclick=\"alert(1)')",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    'https://a.test/"onclick="alert(1)',
    "https://a.test/<script>alert(1)</script>",
    "https://a.test/'-alert(1)-'",
    '![x" onerror="alert(1)](/files/x)',
    '![x](/files/x" onerror="alert(1))',
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,<svg/onload=alert(1)>)",
    "![x](/files/../../evil)",
    "![x](/files/x 'a\" onerror=\"alert(1)')",
    '```"><script>alert(1)</script>\nx\n```',
    "```html\n<script>alert(1)</script>\n```",
    "`<script>alert(1)</script>`",
    r"$\text{<script>alert(1)</script>}$",
    r"$\text{</math><script>alert(1)</script>}$",
    r"$\text{&lt;img src=x onerror=alert(1)&gt;&#x3c;b&#x3e;}$",
    r"$\href{javascript:alert(1)}{x}$",
    r"$\style{background:url(//evil.test)}{x}$",
    r"$\class{mention}{x}$",
    r'$\color{red" onclick="alert(1)}{x}$',
    r"$\hspace{9999999em}x\rule{99999em}{99999em}$",
    r"$\unicode{x3c}\unicode{xd800}\unicode{x110000}$",
    r"$$\begin{matrix}<script>&alert\end{matrix}$$",
    '[^x"><script>alert(1)</script>]\n\n[^x"><script>alert(1)</script>]: y',
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "@a @b #c [@a](/x)",
    "# <script>alert(1)</script>",
    "\ufdd00\ufdd1 \ufdd09\ufdd1 https://a.test",
    "\u202e<script>\u202d\ufeff",
    "<\u0338script>alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&amp;lt;script&amp;gt;",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_become_text(attack: str) -> None:
    for body in (attack, f"> - **{attack}**", f"hello {attack} bye"):
        done = render(body, NAMES, prefix=EVIL)
        assert_harmless(done.html)


def test_raw_html_is_shown_as_it_was_written() -> None:
    for attack in ATTACKS[:3]:
        assert escape(attack, quote=False) in render(attack).html
        assert render(attack).text == attack


def test_sizes_that_would_break_the_page_are_left_out() -> None:
    assert "9999" not in render(r"$\hspace{9999em}x$").html
    assert 'width="2em"' in render(r"$\hspace{2em}x$").html


PIECES = st.sampled_from(
    [
        *(
            "*",
            "**",
            "_",
            "~~",
            "`",
            "```",
            "```python\n",
            "$",
            "$$",
            "\n",
            "\n\n",
            "    ",
            "- ",
            "1. ",
            "> ",
            "# ",
            "|",
        ),
        *("|---|\n", "[", "](", ")", "![", "](/files/x)", "](https://a.test)", "<", ">", "<b>", "</b>", "<!--", "-->"),
        *(
            "&",
            "&lt;",
            "&#64;",
            "@ana",
            "@a",
            "@b",
            "#c",
            "@here",
            "https://a.test/x",
            "www.a.test",
            ":tada:",
            ":",
            "\\",
        ),
        *("[^1]", "[^1]: ", "[ ] ", "[x]", "[!NOTE]\n", "\\frac{a}{b}", "{", "}", "^", '"', "'", "=", "---\n", "\t"),
        *(
            "word",
            " ",
            "é",
            "你好",
            "שלום",
            "🎉",
            "👩‍💻",
            "\ufdd0",
            "\ufdd1",
            "0",
            "\x00",
            "\u202e",
            "\ud800",
            "\u0301",
        ),
    ]
)
BODIES = st.one_of(st.lists(PIECES, max_size=40).map("".join), st.text(max_size=200))


@given(BODIES)
@settings(max_examples=400, deadline=None)
@example("@\x08a @&#97;b &#64;&#x61;")
@example("- [ ] " * 20)
@example("> " * 100 + "a\n- b")
@example("*a **b " * 60 + "** c*" * 60)
def test_nothing_but_what_is_allowed_ever_comes_out(body: str) -> None:
    done = render(body, NAMES, prefix="x")
    assert_harmless(done.html)
    found = scan(body)
    assert (found.handles, found.channel, found.here) == (
        done.mentions.handles,
        done.mentions.channel,
        done.mentions.here,
    )
    assert found.channel_slugs == done.channel_slugs


@given(BODIES)
@settings(max_examples=300, deadline=None)
@example("a\u0344" * 20 + "\u0344" * 31)
def test_normalising_twice_changes_nothing(body: str) -> None:
    once = normalise(body)
    assert normalise(once) == once
    assert render(once) == render(body)
    once.encode()


@given(st.text(alphabet=st.sampled_from("aé你 ,.!?'\"()%-/…\n1"), max_size=60))
@settings(max_examples=400, deadline=None)
def test_the_short_way_leads_to_the_same_place(body: str) -> None:
    by_the_short_way = render(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "_PLAIN", re.compile("(?!)"))
        assert render(body) == by_the_short_way


@given(st.lists(st.sampled_from(["alpha", "beta", "gamma", "@ana", "**", "*", "- ", "\n", " ", "> "]), max_size=30))
@settings(max_examples=200, deadline=None)
def test_no_word_is_lost(pieces: list[str]) -> None:
    body = " ".join(pieces)
    done = render(body)
    words = re.findall("alpha|beta|gamma|@ana", body)
    assert re.findall("alpha|beta|gamma|@ana", done.text) == words
    assert re.findall("alpha|beta|gamma|@ana", unescape(done.html)) == words


@pytest.mark.parametrize("failure", [ValueError, RecursionError, BaseException])
def test_a_failure_loses_nothing(failure: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_html: str) -> str:
        raise failure

    monkeypatch.setattr(rendering, "clean", fail)
    done = render("**a** <b>\nc @ana")
    assert done.html == "<p>**a** &lt;b&gt;<br>\nc @ana</p>"
    assert done.text == "**a** <b>\nc @ana"


def test_a_failing_scan_finds_nothing_and_says_so_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise BaseException  # noqa: TRY002 - what a panic in the parser looks like

    monkeypatch.setattr(rendering, "_write", fail)
    assert scan("@ana") == scan("")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_being_stopped_is_not_a_failure(stop: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise stop

    monkeypatch.setattr(rendering, "_write", fail)
    for verb in (render, scan):
        with pytest.raises(stop):
            verb("**@ana**")


def test_deep_nesting_is_cut_off_but_no_word_is_lost() -> None:
    done = render("> " * 150 + "deep\n\n" + "- " * 150 + "list\n\n" + "*a **b " * 100 + "end" + "** *" * 100)
    assert done.html.count("<blockquote") == 32
    assert done.html.count("<ul>") == 16  # an item and its list are two
    for word in ("deep", "list", "end"):
        assert word in done.html
    assert_harmless(done.html)
    assert_harmless(render("> " * 32 + "- [ ] task").html)


def test_highlighting_stops_when_the_post_has_used_up_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    body = "```python\nx = 1\n```\n" * 2
    assert render(body).html.count("hl-n") == 2
    monkeypatch.setattr(highlighting, "MAX_SECONDS", 1e-9)
    assert render(body).html.count("<code>x = 1\n</code>") == 2
