"""The documents are true: what they name exists, and what exists is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from tertulia.cli.commands import app
from tertulia.config.api import api
from tertulia.config.environment import OTHER_NAMES, Environment
from tertulia.config.subscriptions import SUBSCRIPTIONS
from tertulia.kernel.happenings import Happening
from tertulia.workspaces.access import GRANTS, Permission
from tertulia.workspaces.models import Role

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = sorted(path.parent for path in (ROOT / "src/tertulia").glob("*/__init__.py"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("README.md")])


@pytest.mark.parametrize("name", sorted(Environment.model_fields))
def test_each_setting_is_documented_as_it_is(name: str) -> None:
    field = Environment.model_fields[name]
    default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    shown = "-" if default is None else f"`{str(default).lower() if isinstance(default, bool) else default}`"
    page = (ROOT / "docs/operate/settings.md").read_text()
    assert f"| `TERTULIA_{name.upper()}` | {shown} | {field.description} |" in page


def test_no_setting_is_documented_that_does_not_exist() -> None:
    text = "\n".join(path.read_text() for path in DOCUMENTS)
    known = {f"TERTULIA_{name.upper()}" for name in Environment.model_fields} | OTHER_NAMES
    assert set(re.findall(r"\bTERTULIA_[A-Z_]+[A-Z]\b", text)) <= known


def test_each_operation_says_what_it_does() -> None:
    silent = [
        f"{method.upper()} {path}"
        for path, operations in api.get_openapi_schema()["paths"].items()
        for method, operation in operations.items()
        if not operation.get("summary") or not operation.get("description", operation["summary"])
    ]
    assert silent == []


def _happenings(of: type[Happening] = Happening) -> set[type[Happening]]:
    return {one for kind in of.__subclasses__() for one in {kind, *_happenings(kind)}}


def test_each_happening_is_documented() -> None:
    plan = (ROOT / "docs/architecture.md").read_text()
    kinds = {kind for kind in _happenings() if kind.__module__.startswith("tertulia.")}
    assert kinds >= set(SUBSCRIPTIONS)
    assert [kind.__name__ for kind in kinds if f"`{kind.__name__}`" not in plan] == []
    assert [kind.__name__ for kind in kinds if not kind.__doc__ or kind.__doc__.startswith(kind.__name__)] == []


@pytest.mark.parametrize("permission", list(Permission))
def test_each_permission_is_explained_as_it_is(permission: Permission) -> None:
    page = (ROOT / "docs/guide/roles.md").read_text()
    row = next(line for line in page.splitlines() if f"<!-- {permission.name} -->" in line)
    granted = [cell.strip() == "yes" for cell in row.strip("|").split("|")[1:]]
    assert granted == [role in GRANTS[permission] for role in Role]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_each_room_says_what_it_is_for(package: Path) -> None:
    page = (package / "README.md").read_text()
    assert page.startswith(f"# {package.name}\n")
    if package.name != "ui":  # whose page is the contract of every template
        assert len(page.splitlines()) <= 40


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text())
    assert [link for link in links if "://" not in link and not (document.parent / link).exists()] == []


def test_the_commands_that_documents_name_exist() -> None:
    text = "\n".join(path.read_text() for path in DOCUMENTS)
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^ *make (\w+)", text, re.MULTILINE)) <= targets
    for words in sorted(set(re.findall(r"\.venv/bin/tertulia ((?:user|token|workspace|import) \w+|[a-z]+)", text))):
        result = CliRunner().invoke(app, [*words.split(), "--help"])
        assert result.exit_code == 0, words
