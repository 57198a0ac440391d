"""`tertulia demo`: the demonstration has a folder of its own, so that `tertulia serve` beside it stays empty."""

from __future__ import annotations

import os

from tertulia.cli import start
from tertulia.cli.say import say
from tertulia.config.environment import Environment, read_environment


def prepare() -> Environment:
    """Set up, and seed what is not there yet."""
    given = read_environment()
    os.environ["TERTULIA_DEMO"] = "1"
    if given.database_url is None:
        os.environ["TERTULIA_VAR"] = str(given.var / "demo")
    environment = start.ready()
    from tertulia.demo.services import seed

    seed(say)
    return environment
