"""What people write and what everybody reads, feature by feature."""

from __future__ import annotations

import pytest

from tertulia.kernel.rich_text import (
    NO_NAMES,
    ChannelName,
    Mentions,
    Names,
    PersonName,
    Scan,
    render,
    scan,
)

REL = 'rel="nofollow noopener ugc"'
NAMES = Names(
    people={
        "ana": PersonName("p1", "Ana", "Ana <López>"),
        "b.c-d_e": PersonName("p2", "b.c-d_e", "Bea"),
    },
    groups={"team": "The Team"},
    channels={"q-and-a": ChannelName("c1", "q-and-a", "Q&A", "/w/pycon/c/q-and-a")},
)
ANA = '<a class="mention" data-person="p1" href="/people/Ana">@Ana &lt;López&gt;</a>'
BEA = '<a class="mention" data-person="p2" href="/people/b.c-d_e">@Bea</a>'
TEAM = '<span class="mention" data-group="team">@The Team</span>'
CHANNEL = '<a class="channel-link" href="/w/pycon/c/q-and-a">#Q&amp;A</a>'


def html(body: str, names: Names = NO_NAMES) -> str:
    return render(body, names).html


def inline(body: str, names: Names = NO_NAMES) -> str:
    """Return what stands in the one paragraph that `body` makes."""
    written = html(body, names)
    assert written.startswith("<p>")
    assert written.endswith("</p>")
    assert written.count("<p") == 1
    return written.removeprefix("<p>").removesuffix("</p>")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Hello there.", "Hello there."),
        ("one\ntwo", "one<br>\ntwo"),
        ("one  \ntwo", "one<br>\ntwo"),
        ("one\\\ntwo", "one<br>\ntwo"),
        ("**strong** *slanted* ~~gone~~", "<strong>strong</strong> <em>slanted</em> <del>gone</del>"),
        ("<b>not bold</b>", "&lt;b&gt;not bold&lt;/b&gt;"),
        ("2 < 3 & 4 > 1", "2 &lt; 3 &amp; 4 &gt; 1"),
        ("I <3 this :-) 10:30:45", "I &lt;3 this :-) 10:30:45"),
        ("a <!-- note --> b", "a &lt;!-- note --&gt; b"),
        ("`<b>` &lt;i&gt;", "<code>&lt;b&gt;</code> &lt;i&gt;"),
    ],
)
def test_inline(body: str, expected: str) -> None:
    assert inline(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("# a", "<h2>a</h2>"),
        ("### a", "<h2>a</h2>"),
        ("## a\n#### b\n## c", "<h2>a</h2>\n<h3>b</h3>\n<h2>c</h2>"),
        ("### a\n# b\n## c", "<h2>a</h2>\n<h2>b</h2>\n<h3>c</h3>"),
        ("a\n\nb", "<p>a</p>\n<p>b</p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("1. a", "<ol>\n<li>a</li>\n</ol>"),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>'),
        ("> a", "<blockquote>\n<p>a</p>\n</blockquote>"),
        ("a\n\n---\n\nb", "<p>a</p>\n<hr>\n<p>b</p>"),
        (
            "> [!WARNING]\n> a",
            ('<blockquote class="alert alert-warning">\n<p class="alert-title">Warning</p>\n<p>a</p>\n</blockquote>'),
        ),
        ("<div>\n<b>a</b>\n</div>", "<p>&lt;div&gt;<br>\n&lt;b&gt;a&lt;/b&gt;<br>\n&lt;/div&gt;</p>"),
    ],
)
def test_blocks(body: str, expected: str) -> None:
    assert html(body) == expected


def test_tables_scroll_and_align() -> None:
    assert html("| a | b | c |\n|---|:-:|--:|\n| 1 | 2 | 3 |") == (
        '<div class="table" tabindex="0"><table>\n'
        '<thead><tr><th scope="col">a</th><th scope="col" class="align-center">b</th>'
        '<th scope="col" class="align-right">c</th></tr></thead>\n'
        '<tbody><tr><td>1</td><td class="align-center">2</td>'
        '<td class="align-right">3</td></tr>\n</tbody></table></div>'
    )


def test_tasks_are_disabled_boxes_labelled_by_their_words() -> None:
    box = '<li class="task"><label><input type="checkbox" disabled="">'
    done = '<li class="task"><label><input type="checkbox" disabled="" checked="">'
    assert html("- [ ] a\n- [x] **b**") == (
        f"<ul>\n{box} a</label></li>\n{done} <strong>b</strong></label></li>\n</ul>"
    )
    assert html("- [ ] a\n  - [x] b") == (f"<ul>\n{box} a</label><ul>\n{done} b</label></li>\n</ul>\n</li>\n</ul>")
    loose = html("- [ ] a\n\n  more\n- [x] b")
    assert '<li class="task"><p><label><input type="checkbox" disabled=""> a</label></p>' in loose
    assert loose.count("</label>") == 2


@pytest.mark.parametrize(
    ("body", "address", "rest"),
    [
        ("https://example.org", "https://example.org", ""),
        ("http://localhost:8000/x", "http://localhost:8000/x", ""),
        ("HTTPS://EXAMPLE.ORG/A", "HTTPS://EXAMPLE.ORG/A", ""),
        ("https://example.org/a.", "https://example.org/a", "."),
        ("https://example.org/a?!", "https://example.org/a", "?!"),
        ("https://example.org/a_(b)", "https://example.org/a_(b)", ""),
        ("https://example.org/a)", "https://example.org/a", ")"),
        ("https://example.org/~ana/~x/*a*/_b_/$c$d", "https://example.org/~ana/~x/*a*/_b_/$c$d", ""),
        ("https://example.org/:tada:/@ana#team", "https://example.org/:tada:/@ana#team", ""),
        ("https://example.org/?a=1&lt;", "https://example.org/?a=1", "&lt;"),
        ("https://example.org/路", "https://example.org/路", ""),
        ("https://example.org/a。然后", "https://example.org/a", "。然后"),
    ],
)
def test_bare_addresses_become_links(body: str, address: str, rest: str) -> None:
    assert inline(body, NAMES) == f'<a href="{address}" {REL}>{address}</a>{rest}'
    assert render(body).mentions == Mentions()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("(https://example.org)", f'(<a href="https://example.org" {REL}>https://example.org</a>)'),
        ("**https://example.org**", f'<strong><a href="https://example.org" {REL}>https://example.org</a></strong>'),
        ("<https://example.org/:tada:>", f'<a href="https://example.org/:tada:" {REL}>https://example.org/:tada:</a>'),
        ("www.example.org/a", f'<a href="http://www.example.org/a" {REL}>www.example.org/a</a>'),
        (
            "https://example.org/?a=1&amp;b=2",
            f'<a href="https://example.org/?a=1&amp;b=2" {REL}>https://example.org/?a=1&amp;b=2</a>',
        ),
        ("[here](https://example.org/a_(b))", f'<a href="https://example.org/a_(b)" {REL}>here</a>'),
        ("[here]( https://example.org 'T')", f'<a href="https://example.org" {REL} title="T">here</a>'),
        ("[a][b]\n\n[b]:   https://example.org", f'<a href="https://example.org" {REL}>a</a>'),
        ("[https://a.test](https://b.test)", f'<a href="https://b.test" {REL}>https://a.test</a>'),
        ("[](https://example.org)", f'<a href="https://example.org" {REL}>https://example.org</a>'),
        ("[w](/w/pycon)", f'<a href="/w/pycon" {REL}>w</a>'),
        ("<ana@example.org>", f'<a href="mailto:ana@example.org" {REL}>ana@example.org</a>'),
        ("`https://example.org`", "<code>https://example.org</code>"),
        ("xhttps://example.org", "xhttps://example.org"),
        ("https:// example", "https:// example"),
        ("[x](//evil.test)", "x"),
        ("[x](/\\evil.test)", "x"),
        ("[x](relative.html)", "x"),
        ("[x](ftp://example.org)", "x"),
        ("<a href='https://example.org'>", "&lt;a href='https://example.org'&gt;"),
    ],
)
def test_links(body: str, expected: str) -> None:
    assert inline(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("![a cat](/files/ab12/cat.png)", '<img src="/files/ab12/cat.png" alt="a cat" loading="lazy">'),
        ("![a *cat* :cat:](/files/c 'T')", '<img src="/files/c" alt="a cat :cat:" title="T" loading="lazy">'),
        ("![a cat](https://example.org/cat.png)", f'<a href="https://example.org/cat.png" {REL}>a cat</a>'),
        (
            "![](https://example.org/cat.png)",
            f'<a href="https://example.org/cat.png" {REL}>https://example.org/cat.png</a>',
        ),
        ("[![a](https://a.test/i)](https://b.test)", f'<a href="https://b.test" {REL}>a</a>'),
        ("![a ![b](/files/b) c](/files/a)", '<img src="/files/a" alt="a b c" loading="lazy">'),
        ("![a](data:image/png;base64,AA)", "a"),
        ("![a](/files/../people/ana/delete)", f'<a href="/files/../people/ana/delete" {REL}>a</a>'),
        ("![a](/files/%2e%2e/people)", f'<a href="/files/%2e%2e/people" {REL}>a</a>'),
        ("![a](//evil.test/files/x)", "a"),
    ],
)
def test_only_own_pictures_are_shown(body: str, expected: str) -> None:
    assert inline(body) == expected


def test_the_words_for_a_picture_are_plain_text() -> None:
    written = html("![a `b` <i> $c$\n**d** https://a.test](/files/x)")
    assert '<img src="/files/x" alt="a b &lt;i&gt; c d https://a.test" loading="lazy">' in written


def test_code_is_highlighted_by_class_only() -> None:
    assert html("```python\nx = 1\n```") == (
        '<pre class="code" dir="ltr" tabindex="0" data-language="python"><code><span class="hl-n">x</span> '
        '<span class="hl-o">=</span> <span class="hl-mi">1</span>\n</code></pre>'
    )
    assert html("~~~JS extra\n1\n~~~").startswith(
        '<pre class="code" dir="ltr" tabindex="0" data-language="js"><code><span'
    )
    assert "style=" not in html("```html\n<p style='x'>\n```")


@pytest.mark.parametrize(
    ("fence", "attribute"),
    [("", ""), ("nonsense", ' data-language="nonsense"'), ("matlab", ' data-language="matlab"'), ('"><x', "")],
)
def test_code_without_a_known_language_is_plain(fence: str, attribute: str) -> None:
    code = "@ana :tada: https://example.org **x** <b>\n"
    assert html(f"```{fence}\n{code}```", NAMES) == (
        f'<pre class="code" dir="ltr" tabindex="0"{attribute}><code>@ana :tada: https://example.org **x** &lt;b&gt;\n'
        "</code></pre>"
    )


def test_huge_code_is_plain() -> None:
    assert "hl-" in html("```python\n" + "word\n" * 3_900 + "```")
    assert "hl-" not in html("```python\n" + "word\n" * 4_100 + "```")
    assert "hl-" not in html("```python\n" + "x = 1;" * 400 + "\n```")


def test_mathematics() -> None:
    assert inline("so $x^2$ it is") == (
        'so <math display="inline"><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math> it is'
    )
    assert inline("$$\n\\frac{a}{b} < 1\n$$") == (
        '<math display="block"><mrow><mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac><mo>&lt;</mo>'
        "<mn>1</mn></mrow></math>"
    )
    assert '<mi mathvariant="normal">d</mi><mi>x</mi>' in html(r"$\mathrm{d}x$")
    assert "<mi>ℝ</mi>" in html(r"$\mathbb{R}$")


@pytest.mark.parametrize(
    "body",
    [
        "it costs $5 and $10",
        "$5-$10 a head",
        "US$5 or CA$ 7",
        "a$x$b",
        "$x$5",
        "$ x$",
        "\\$5 and \\$6$",
        "just $",
        "$open{$",
        "$close}$",
    ],
)
def test_not_every_dollar_means_mathematics(body: str) -> None:
    assert inline(body) == body.replace("\\", "")


def test_names_in_what_only_looks_like_mathematics() -> None:
    assert inline("$5 for @ana, :+1: $10-$20 for https://example.org/$30", NAMES) == (
        f'$5 for {ANA}, 👍 $10-$20 for <a href="https://example.org/$30" {REL}>https://example.org/$30</a>'
    )


@pytest.mark.parametrize(
    "tex",
    [
        r"\nosuchcommand x",
        r"\left( x",
        "x^",
        r"\newcommand{\a}{b}\a",
        r"\def\a{\b}",
        "{" * 300 + "}" * 300,
        "x^{" * 60 + "}" * 60,
        "x" * 2_001,
    ],
)
def test_broken_tex_shows_its_source(tex: str) -> None:
    assert inline(f"${tex}$") == f'<code class="math-error">{tex}</code>'


def test_formulas_beyond_the_allowance_show_their_source() -> None:
    written = html(" ".join(["$" + "x" * 1_000 + "$"] * 12))
    assert written.count("<math") == 9
    assert written.count("math-error") == 3


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("well done :tada:!", "well done 🎉!"),
        (":+1::tada: ok", "👍🎉 ok"),
        ("so :sunglasses:", "so 😎"),
        ("no :nosuchemoji: here", "no :nosuchemoji: here"),
        ("`:tada:` stays", "<code>:tada:</code> stays"),
        ("at 10:100:5", "at 10:100:5"),
        ("a:x:b", "a:x:b"),
        ("bare :) ;-) :D stay", "bare :) ;-) :D stay"),
        ("hello 🎉", "hello 🎉"),
    ],
)
def test_emoji(body: str, expected: str) -> None:
    assert inline(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("🎉", "🎉"),
        (":tada: 👍🏽 ❤️", "🎉 👍🏽 ❤️"),
        ("👩‍💻🏳️‍🌈", "👩‍💻🏳️‍🌈"),
        ("🎉🎉🎉🎉", None),
        ("🎉 wow", None),
        ("**🎉**", None),
        ("1", None),
        ("# 🎉", None),
    ],
)
def test_a_few_emoji_alone_are_big(body: str, expected: str | None) -> None:
    assert ("big-emoji" in html(body)) == (expected is not None)
    if expected:
        assert html(body) == f'<p class="big-emoji">{expected}</p>'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("@ana", ANA),
        ("@ANA!", f"{ANA}!"),
        ("hi @ana. Bye", f"hi {ANA}. Bye"),
        ("@ana's", f"{ANA}'s"),
        ("(@ana, @b.c-d_e-)", f"({ANA}, {BEA}-)"),
        ("*@ana*", f"<em>{ANA}</em>"),
        ("你好@ana你好", f"你好{ANA}你好"),
        ("@team", TEAM),
        ("@Channel now", '<span class="mention mention-all">@channel</span> now'),
        ("@here", '<span class="mention mention-all">@here</span>'),
        ("see #q-and-a.", f"see {CHANNEL}."),
        ("#Q-and-A", CHANNEL),
        ("@nobody in #nowhere", "@nobody in #nowhere"),
        ("x@ana", "x@ana"),
        ("mail ana@ana.test", "mail ana@ana.test"),
        ("x+@ana", "x+@ana"),
        ("/@ana /#q-and-a", "/@ana /#q-and-a"),
        ("@ana@social.test", "@ana@social.test"),
        ("@anaé", "@anaé"),
        ("x#q-and-a", "x#q-and-a"),
        ("`@ana #q-and-a`", "<code>@ana #q-and-a</code>"),
        ("[@ana #q-and-a](/x)", f'<a href="/x" {REL}>@ana #q-and-a</a>'),
        ("[@ana](javascript:x)", "@ana"),
        ("<b title='@ana'>", "&lt;b title='@ana'&gt;"),
        ("![@ana](/files/x)", '<img src="/files/x" alt="@ana" loading="lazy">'),
        ("$@ana$", '<math display="inline"><mrow><mi>@</mi><mi>a</mi><mi>n</mi><mi>a</mi></mrow></math>'),
    ],
)
def test_names(body: str, expected: str) -> None:
    assert inline(body, NAMES) == expected


def test_what_is_named_is_reported_known_or_not() -> None:
    body = "@Ana @nobody @team @here @channel #Q-and-A #nowhere `@code` [@link](/x) <!-- @html -->\n\n    @indented"
    done = render(body, NAMES)
    assert done.mentions == Mentions(frozenset({"ana", "nobody", "team"}), channel=True, here=True)
    assert done.channel_slugs == {"q-and-a", "nowhere"}
    assert scan(body) == Scan(done.mentions.handles, done.channel_slugs, channel=True, here=True)
    assert scan("nothing, a@b, # 1") == Scan()
    assert scan("&commat;ana &num;x &#64;bea").handles == {"ana", "bea"}


def test_plain_text() -> None:
    body = (
        "# Title\n\nHi @ana, see #q-and-a :tada: **now**\nand [this](https://example.org) ![cat](/files/c)\n\n"
        "- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```py\nx = 1\n```\n\n$x^2$ &amp; `y` <b>"
    )
    assert render(body, NAMES).text.split("\n") == [
        "Title",
        "Hi @Ana <López>, see #Q&A 🎉 now",
        "and this cat",
        "one",
        "two",
        "a b ",
        "1 2 ",
        "x = 1",
        "x^2 & y <b>",
    ]


def test_nothing_makes_nothing() -> None:
    assert render("").text == render(" \n\n").text == ""
