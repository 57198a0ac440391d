"""The `tertulia` program. Each command says what it does and fails with a sentence, never with a traceback."""

from __future__ import annotations

import signal
import sys
from types import FrameType


def main() -> None:
    """Entry point. Exit codes: 0 done, 1 could not be done, 2 a wrong setting or argument."""
    from tertulia.cli.commands import app
    from tertulia.cli.say import fail
    from tertulia.config.environment import SettingsError
    from tertulia.config.postgres import DatabaseError
    from tertulia.kernel.errors import Refusal

    signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except SettingsError as error:
        fail(str(error))
        sys.exit(2)
    except DatabaseError as error:
        fail(str(error))
        sys.exit(1)
    except Refusal as refusal:
        fail(refusal.detail)
        sys.exit(1)
    except KeyboardInterrupt:
        fail("Stopped.")
        sys.exit(130)


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    # An orderly exit, so that the private PostgreSQL is given back.
    sys.exit(143)
