"""Other makers' programs, each in a Python environment of its own: their licences and versions are not ours."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tertulia-interop"


def python_with(name: str, *packages: str) -> str:
    """A Python that has these packages; made when first asked for, then kept in the cache."""
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    digest = hashlib.sha256("\n".join((sys.version, *packages)).encode()).hexdigest()[:12]
    folder = CACHE / f"{name}-{digest}"
    python, whole = str(folder / "bin/python"), folder / "whole"
    if not whole.exists():
        try:
            _run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
            _run(uv, "pip", "install", "--quiet", "--python", python, *packages)
        except (OSError, subprocess.SubprocessError) as error:
            said = getattr(error, "stderr", "") or str(error)
            cannot(f"{name} cannot be installed, which needs uv and a network: {said[-800:]}")
        whole.touch()
    return python


def cannot(sentence: str) -> NoReturn:
    """Skip the test with this sentence; in continuous integration, where nothing may be missing, fail."""
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


def _run(*command: str) -> None:
    trusting = {**os.environ, "UV_SYSTEM_CERTS": "1"}  # what the machine trusts, as pip does
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=300, env=trusting)
