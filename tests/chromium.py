"""Finds a Chromium for the browser tests; as a program, also tries to install one where the machine has none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HELP = (
    "The browser tests need Chromium. Install it (Debian, Ubuntu: apt install chromium), or name one in"
    " TERTULIA_CHROMIUM."
)


def find() -> Path | None:
    """The system's Chromium, the one that TERTULIA_CHROMIUM names, or Playwright's own."""
    named = os.environ.get("TERTULIA_CHROMIUM")
    if named:
        return Path(named)
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None


def main() -> None:
    """Exit code 1, with a sentence, where there is none and none can be had."""
    if find() is not None:
        return
    sys.stdout.write("This machine has no Chromium; installing Playwright's …\n")
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if find() is None:
        sys.exit(HELP)


if __name__ == "__main__":
    main()
