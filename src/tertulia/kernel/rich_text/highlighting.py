"""Colours for code, as class names that begin with `hl-`; the style sheet is the `ui` package's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from html import escape
from io import StringIO
from time import thread_time
from typing import TypeAlias

from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class, get_all_lexers
from pygments.token import _TokenType

from tertulia.kernel.rich_text.sanitising import HIGHLIGHT_PREFIX

MAX_HIGHLIGHTED = 20_000
MAX_LINE = 1_000
"""Characters; longer blocks, and blocks with longer lines, are shown plain."""

MAX_SECONDS = 0.5
"""Of the processor's time, for all blocks of a post. Twenty thousand characters of Python take 0.04 to 0.15."""

# What communities of learners write. Pygments has six hundred lexers, and hostile input makes many of them slow: most
# between tokens, where the clock stops them, but some within one, where nothing can. Those listed were measured.
LANGUAGES = (
    "asm bash c clojure cmake common-lisp console cpp csharp css dart diff django docker elixir erlang fortran fsharp "
    "gdscript go graphql groovy haskell html http ini java javascript json jsx julia kotlin latex lua make markdown "
    "nginx objective-c ocaml pascal perl php postgresql powershell prolog pycon python r rst ruby rust sass "
    "scala scheme scss sparql sql swift text toml tsx turtle typescript vbnet vim vue xml yaml zig"
)

_Token: TypeAlias = tuple[_TokenType, str]
_LANGUAGE_NAME = re.compile(r"[\w+#.-]{1,30}")
_FORMATTER = HtmlFormatter(nowrap=True, classprefix=HIGHLIGHT_PREFIX)


@cache
def _lexer_names() -> dict[str, str]:
    wanted = frozenset(LANGUAGES.split())
    return {
        alias: name
        for name, aliases, _, _ in get_all_lexers(plugins=False)
        if wanted.intersection(aliases)
        for alias in aliases
    }


@lru_cache(maxsize=128)
def _lexer_class(language: str) -> type[Lexer] | None:
    name = _lexer_names().get(language)
    return find_lexer_class(name) if name else None


class _TooSlow(Exception):
    """The lexer took more than the post's allowance."""


class Highlighter:
    """Highlights the code blocks of one post, which together may take `MAX_SECONDS` of the processor."""

    def __init__(self) -> None:
        self._left = MAX_SECONDS

    def block(self, code: str, info: str) -> str:
        """Return a `<pre>` that can be scrolled; the first word of `info`, from behind the fence, is the language."""
        found = _LANGUAGE_NAME.match(info)
        language = found[0].lower() if found else ""
        inner = self._highlighted(code, language) or escape(code, quote=False)
        label = f' data-language="{escape(language)}"' if language else ""
        return f'<pre class="code" dir="ltr" tabindex="0"{label}><code>{inner}</code></pre>'

    def _highlighted(self, code: str, language: str) -> str | None:
        if not language or len(code) > MAX_HIGHLIGHTED or self._left <= 0:
            return None
        lexer = _lexer_class(language)
        if lexer is None or max(map(len, code.split("\n"))) > MAX_LINE:
            return None
        started = thread_time()
        out = StringIO()
        try:
            # A fresh lexer each time: some keep state while they work, and posts are rendered in several threads.
            tokens = lexer(stripnl=False).get_tokens(code)
            _FORMATTER.format(_until(started + self._left, tokens), out)
        except _TooSlow:
            return None
        finally:
            self._left -= thread_time() - started
        return out.getvalue()


def _until(deadline: float, tokens: Iterable[_Token]) -> Iterator[_Token]:
    for token in tokens:
        if thread_time() > deadline:
            raise _TooSlow
        yield token
