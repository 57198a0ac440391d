"""People who talk and people who read, all the while."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Self

from tertulia.channels.models import Channel
from waiting import until

from .screens import Screen
from .town import PATIENCE, Door, Town
from .truth import check
from .writers import Writer

WRITERS = 4
SCREENS = 4


class Load:
    """`with Load(…) as load:` runs writers and screens; `load.end()` looks at what has become of it."""

    def __init__(
        self,
        town: Town,
        channels: Sequence[Channel],
        doors: Sequence[Door],
        chance: random.Random,
        *,
        pause: float = 0.03,
    ) -> None:
        def own() -> random.Random:
            return random.Random(chance.random())  # noqa: S311 - not for secrets

        self._town, self._channels = town, channels
        people = town.members
        self.writers = [Writer(who, doors, channels, own(), pause=pause) for who in people[:WRITERS]]
        self.screens = [Screen(who, doors, channels, own()) for who in people[-SCREENS:]]

    @property
    def acknowledged(self) -> int:
        """How many posts are."""
        return sum(len(writer.acknowledged) for writer in self.writers)

    def more(self, count: int) -> None:
        """Wait until so many more are acknowledged."""
        enough = self.acknowledged + count
        until(lambda: self.acknowledged >= enough, f"{count} more posts are acknowledged")

    def __enter__(self) -> Self:
        for screen in self.screens:
            screen.start()
        for writer in self.writers:
            writer.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        for writer in self.writers:
            writer.stop()
        for screen in self.screens:
            screen.close()
        for writer in self.writers:
            writer.join(PATIENCE)

    def end(self) -> None:
        """Nobody writes any more; all that was under way has been acknowledged, and then everything must be true."""
        for writer in self.writers:
            writer.stop()
        for writer in self.writers:
            writer.join(PATIENCE)
            assert not writer.is_alive(), f"{writer.name} is still not acknowledged"
        check(self._town, self._channels, self.writers, self.screens)
