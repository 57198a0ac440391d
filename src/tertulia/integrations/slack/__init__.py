"""Slack exports: `import_slack` takes one in; `import_export` is the same for the command line."""

from tertulia.integrations.slack.command import import_export
from tertulia.integrations.slack.importer import import_slack

__all__ = ["import_export", "import_slack"]
