"""The job worker of `tertulia serve`."""

from __future__ import annotations

import os

from tertulia.cli.child import follow_parent


def main() -> None:
    """Work until told to stop."""
    follow_parent()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tertulia.config.settings"
    import django

    django.setup()
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.django_connector import DjangoConnector

    connector = app.connector
    assert isinstance(connector, DjangoConnector)
    with app.replace_connector(connector.get_worker_connector()) as worker:
        worker.run_worker()


if __name__ == "__main__":
    main()
