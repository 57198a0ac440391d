"""Slack's markup as Markdown, case by case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.integrations.slack.inline import Names
from tertulia.integrations.slack.markup import to_markdown

NAMES = Names(people={"U1": "ana", "W2": "ben.smith"}, channels={"C1": "chatter"})

CASES = {
    "plain": ("Just words.", "Just words."),
    "mention": ("<@U1>: look", "@ana: look"),
    "mention with label": ("<@W2|ben>", "@ben.smith"),
    "mention of a stranger": ("<@U9|carla>", "@carla"),
    "mention of a nameless stranger": ("<@U9>", "@U9"),
    "channel": ("see <#C1|old-name>", "see #chatter"),
    "channel elsewhere": ("see <#C9|other>", "see #other"),
    "everybody": ("<!channel> <!here> <!everyone>", "@channel @here @channel"),
    "everybody with label": ("<!here|@here>", "@here"),
    "group": ("<!subteam^S1|@mentors>", "@mentors"),
    "date": ("<!date^1392734382^{date_num}|18 Feb 2014>", "18 Feb 2014"),
    "date without words": ("<!date^1392734382^{date_num}>", "2014-02-18 14:39 UTC"),
    "date with link": ("<!date^1392734382^{date}^https://example.org/|Feb>", "[Feb](https://example.org/)"),
    "address": ("<https://example.org/a?b=1&amp;c=2>", "<https://example.org/a?b=1&c=2>"),
    "address as its own label": ("<http://example.org|http://example.org>", "<http://example.org>"),
    "link": ("<http://example.org|an [odd] label>", r"[an \[odd\] label](http://example.org)"),
    "link with brackets": ("<http://example.org/a_(b)|c>", "[c](<http://example.org/a_(b)>)"),
    "mail": ("<mailto:a@example.org|a@example.org>", "<a@example.org>"),
    "mail with label": ("<mailto:a@example.org|write>", "[write](mailto:a@example.org)"),
    "unsafe address": ("<javascript:alert(1)|click>", "click"),
    "bare address": ("(https://example.org/a_b_c).", "(<https://example.org/a_b_c>)."),
    "bold": ("very *important* indeed", "very **important** indeed"),
    "italic": ("an _emphasised phrase_.", "an *emphasised phrase*."),
    "strike": ("~wrong~ right", "~~wrong~~ right"),
    "nested": ("*bold and _both_*", "**bold and *both***"),
    "bold link": ("*<http://example.org|x>*", "**[x](http://example.org)**"),
    "bold mention": ("*<@U1>*", "**@ana**"),
    "no bold inside a word": ("re*science*", r"re\*science\*"),
    "no bold by two stars": ("that **status** var", r"that \*\*status\*\* var"),
    "lonely star": ("2 * 3 * 4", r"2 \* 3 \* 4"),
    "identifiers": ("avg_price_by_county", "avg_price_by_county"),
    "dunder": ("call __init__ now", r"call \_\_init\_\_ now"),
    "about": ("~1% and ~10%", r"\~1% and \~10%"),
    "about once": ("~200 people", "~200 people"),
    "money": ("$$ and $61k", r"\$\$ and \$61k"),
    "money once": ("$5", "$5"),
    "code": ("run `pip install *x* _y_ &lt;z&gt;`", "run `pip install *x* _y_ <z>`"),
    "code with a link": ("`<http://example.org|example.org>`", "`example.org`"),
    "lonely backtick": ("it`s", r"it\`s"),
    "block of code": ("look ```a = 1\n  b &lt; *2*``` so", "look\n\n```\na = 1\n  b < *2*\n```\n\nso"),
    "block of code alone": ("```\nx\n```", "```\nx\n```"),
    "block that is not closed": ("``` what", r"\`\`\` what"),
    "quote": ("&gt; said she\n&gt; twice\nI agree", "> said she\n> twice\n\nI agree"),
    "quote without space": ("&gt;so", "> so"),
    "long quote": ("before\n&gt;&gt;&gt;all\nof this", "before\n\n> all\n> of this"),
    "quoted block of code": ("&gt;&gt;&gt;see ```x```", "> see\n>\n> ```\n> x\n> ```"),
    "long quote on the next line": ("&gt;&gt;&gt;\nall", "> all"),
    "empty block of code": ("a ``` ``` b", "a\nb"),
    "arrow": ("paper -&gt; app", "paper -> app"),
    "bullets": ("Buy:\n• bread\n• *milk*\nnow", "Buy:\n\n- bread\n- **milk**\n\nnow"),
    "nested bullets": ("• a\n    ◦ b\n        ▪︎ c\n• d", "- a\n  - b\n    - c\n- d"),
    "bullets by shape": ("• a\n◦ b", "- a\n  - b"),
    "orphan bullet": ("◦ b", "- b"),
    "dashes": ("- a\n-b\n- c", "- a\n- b\n- c"),
    "one dash": ("- Ana", r"\- Ana"),
    "minus": ("-1 from me", "-1 from me"),
    "plus": ("+1", "+1"),
    "plus with space": ("+ one", r"\+ one"),
    "numbers": ("1. a\n2. b\ndone", "1. a\n2. b\n\ndone"),
    "number that ends a line": ("I am\n1.", "I am\n1\\."),
    "year": ("2024. What a year", r"2024\. What a year"),
    "no heading": ("# not a heading", r"\# not a heading"),
    "hash": ("#sunset", "#sunset"),
    "no underline": ("Title\n===\n---", "Title\n\\===\n\\---"),
    "no table": ("a|b\n|--|--|", "a|b\n\\|--|--|"),
    "no definition": (": hm", r"\: hm"),
    "no link": ("[a](b)", r"\[a](b)"),
    "no html": ("&lt;b&gt; is &lt;3", r"\<b> is <3"),
    "entity": ("&amp;nbsp; &amp; co", r"\&nbsp; & co"),
    "backslash": (r"C:\new", r"C:\\new"),
    "indented": ("a\n        b", "a\nb"),
    "lines": ("one\ntwo\r\n\r\nthree ", "one\ntwo\n\nthree"),
    "emoji": (":tada: done :+1:", "🎉 done 👍"),
    "emoji in a row": (":tada::tada:", "🎉🎉"),
    "emoji with skin": (":clap::skin-tone-3:", "👏🏼"),
    "slack's own emoji": (":simple_smile:", "🙂"),
    "custom emoji": (":party_parrot:", ":party_parrot:"),
    "no emoji": ("at 10:30:45", "at 10:30:45"),
    "emoji in code": ("`:tada:`", "`:tada:`"),
    "private use": ("a\U000f0000b", "ab"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("slack", "markdown"), CASES.values(), ids=CASES.keys())
def test_markup(slack: str, markdown: str) -> None:
    assert to_markdown(slack, NAMES) == markdown


def test_unformatted_text_keeps_its_marks() -> None:
    assert to_markdown("*not bold* `nor code` <@U1> :tada:", NAMES, formatting=False) == (
        r"\*not bold\* \`nor code\` @ana 🎉"
    )


@given(st.text(alphabet="*_~`<>&;@#!|:-•.\\ \n1a\U000f0001", max_size=60))
def test_anything_becomes_something(text: str) -> None:
    # Whatever stands there, nothing of the inner workings shows and no line is invented at the edges.
    made = to_markdown(text, NAMES)
    assert not any(character >= "\U000f0000" for character in made)
    assert made == made.strip("\n")
