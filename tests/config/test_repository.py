"""What holds for the whole repository: nothing of a machine in it, and pages that hold no ORM."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/tertulia"
TEXT_LIMIT = 2_000_000

# Written in pieces, so that this file does not find itself.
MACHINE = re.compile(
    "|".join(
        [
            r"/ro" + "ot/",
            r"/wo" + "rk/",
            r"/ho" + r"me/\w",
            r'"resol' + 'ved": *"http',
            r"registry\.np" + "m",
            r"index-" + "url *[=:h]",
        ]
    )
)
ALLOWED = {"scripts/lock"}  # tells uv not to write the address down


def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: a release has no list of files")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_machine_path_or_a_registry() -> None:
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" in content or len(content) > TEXT_LIMIT or str(path.relative_to(ROOT)) in ALLOWED:
            continue
        for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
            if MACHINE.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def pages() -> list[Path]:
    return sorted({*SOURCE.glob("*/*pages.py"), *SOURCE.glob("*/pages/*.py")})


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_page_holds_no_orm(path: Path) -> None:
    """A page parses, calls one service or query, and responds."""
    tree = ast.parse(path.read_text())
    touches = [
        f"line {node.lineno}: .objects"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "objects"
    ]
    touches += [
        f"line {node.lineno}: from {node.module} import"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django.db")
    ]
    assert touches == []


def test_every_package_says_what_it_is_for() -> None:
    packages = [path for path in SOURCE.iterdir() if (path / "models.py").exists()]
    assert packages
    assert [path.name for path in packages if not (path / "README.md").exists()] == []
