"""Footnotes: numbers, ways there and back, ids that no other post on the page has."""

from __future__ import annotations

from tertulia.kernel.rich_text import render


def test_footnotes_are_numbered_linked_both_ways_and_unique_on_the_page() -> None:
    written = render("a[^x] b[^y] c[^x]\n\n[^y]: why\n[^x]: *ex*", prefix="p-7").html
    assert '<sup class="footnote-ref"><a href="#fn-p-7-1" id="fnref-p-7-1-1">1</a></sup>' in written
    assert '<a href="#fn-p-7-2" id="fnref-p-7-2-1">2</a>' in written
    assert 'id="fnref-p-7-1-2"' in written
    assert (
        '<li id="fn-p-7-1"><p><em>ex</em>'
        ' <a class="footnote-back" href="#fnref-p-7-1-1" aria-label="Back to the text">↩</a>'
        ' <a class="footnote-back" href="#fnref-p-7-1-2" aria-label="Back to the text">↩</a></p></li>'
    ) in written
    assert written.index("ex</em>") < written.index("why")
    assert 'id="fn-1"' in render("a[^1]\n\n[^1]: b").html
    assert 'id="fn-x-1"' in render("a[^1]\n\n[^1]: b", prefix='x" onclick="').html.replace("xonclick", "x")


def test_footnotes_that_nothing_refers_to_are_not_lost() -> None:
    assert "lonely" in render("a\n\n[^1]: lonely").html
    assert "a[^1]" in render("a[^1]").html
