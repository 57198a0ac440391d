"""The commands. What each needs is imported when it runs, so that `--help` is quick and a wrong setting harms none."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from tertulia.cli.say import console, result, say

app = typer.Typer(
    name="tertulia",
    help="A self-hosted home for online learning communities.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
user = typer.Typer(help="People's accounts.", no_args_is_help=True)
token = typer.Typer(help="Access tokens for programs.", no_args_is_help=True)
workspace = typer.Typer(help="Workspaces.", no_args_is_help=True)
bring = typer.Typer(help="Bring conversations in from elsewhere.", no_args_is_help=True)
app.add_typer(user, name="user")
app.add_typer(token, name="token")
app.add_typer(workspace, name="workspace")
app.add_typer(bring, name="import")

Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets the network in.")]
Port = Annotated[int, typer.Option(envvar="PORT", min=1, max=65535, help="Port to listen on.")]
Workers = Annotated[int | None, typer.Option(min=1, max=64, help="Web processes; by default TERTULIA_WORKERS.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL")]


@app.command()
def serve(host: Host = "127.0.0.1", port: Port = 8000, workers: Workers = None) -> None:
    """Run everything: database, web and jobs. Ctrl-C stops it clean."""
    from tertulia.cli import start, supervisor

    supervisor.serve(start.ready, host=host, port=port, workers=workers)


@app.command()
def demo(host: Host = "127.0.0.1", port: Port = 8000, workers: Workers = None) -> None:
    """Run a demonstration, full of life, in a folder of its own."""
    from tertulia.cli import supervisor
    from tertulia.cli.demonstration import prepare

    supervisor.serve(prepare, host=host, port=port, workers=workers)


@app.command()
def migrate() -> None:
    """Bring the database to this release."""
    from tertulia.cli import start

    start.django()
    start.migrate()


@app.command()
def doctor() -> None:
    """Check settings, database, storage and mail, and say how to mend each."""
    from tertulia.cli.doctor import examine

    raise typer.Exit(examine())


@app.command()
def version() -> None:
    """Say which release this is."""
    from importlib.metadata import version as release

    result(release("tertulia"))


@user.command("create")
def create_user(
    email: Email,
    name: Annotated[str, typer.Option(help="Name to show; by default made from the address.")] = "",
    owner: Annotated[bool, typer.Option("--owner", help="Owns the installation.")] = False,
) -> None:
    """Make an account and print a link, good once, at which its password is set."""
    from tertulia.cli import start

    start.ready()
    from tertulia.cli.links import password_link
    from tertulia.people.services import create_person

    person = create_person(email=email, display_name=name, verified=True, is_owner=owner)
    say(f"{person.display_name} (@{person.handle}) has an account. This link sets the password, once:")
    result(password_link(person))


@token.command("create")
def create_token(
    email: Email,
    scopes: Annotated[str, typer.Option(help="What it may do, with commas between; by default everything.")] = "",
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is good.")] = 365,
    name: Annotated[str, typer.Option(help="What it is for.")] = "tertulia token create",
) -> None:
    """Make an access token for a person. Prints the token and nothing else."""
    from tertulia.cli import start

    start.ready()
    from tertulia.cli.links import person_by_email
    from tertulia.kernel.clock import now
    from tertulia.people import services
    from tertulia.people.scopes import SCOPES

    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()] or list(SCOPES)
    _made, raw = services.create_token(
        actor=person_by_email(email), name=name, scopes=wanted, expires_at=now() + timedelta(days=days)
    )
    result(raw)


@workspace.command("create")
def create_workspace(
    slug: Annotated[str, typer.Argument(metavar="SLUG")],
    name: Annotated[str, typer.Option(help="Name to show; by default the slug.")] = "",
    template: Annotated[str, typer.Option(help="course, platform, segment, company or blank.")] = "course",
    goal: Annotated[str, typer.Option(help="What this community is for.")] = "",
    owner: Annotated[str, typer.Option(metavar="EMAIL", help="Its owner; by default the installation's first.")] = "",
) -> None:
    """Make a workspace and print its address."""
    from tertulia.cli import start

    start.ready()
    from django.conf import settings

    from tertulia.cli.links import first_owner, person_by_email
    from tertulia.workspaces import services

    actor = person_by_email(owner) if owner else first_owner()
    made = services.create_workspace(actor=actor, slug=slug, name=name or slug, template=template, goal=goal)
    result(f"{settings.BASE_URL}/w/{made.slug}")


@bring.command("slack")
def import_slack(
    export: Annotated[Path, typer.Argument(metavar="EXPORT.zip", exists=True, dir_okay=False, readable=True)],
    workspace: Annotated[str, typer.Option(metavar="SLUG", help="Where to; it must exist.")],
) -> None:
    """Take a Slack export in. Stopped and run again, it goes on where it was."""
    from tertulia.cli import start

    start.ready()
    from tertulia.integrations.slack import import_export

    import_export(export, workspace=workspace, console=console())


@app.command(hidden=True, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def manage(context: typer.Context) -> None:
    """Django's own commands."""
    from tertulia.cli import start

    start.django()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["tertulia manage", *context.args])


@app.command(hidden=True, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def postgres(
    context: typer.Context,
    program: Annotated[str, typer.Argument(help="psql, pg_dump, pg_restore, …")],
) -> None:
    """PostgreSQL's own programs on Tertulia's database: `tertulia postgres pg_dump -Fc > backup`."""
    import subprocess

    from tertulia.cli import start
    from tertulia.config import postgres as server
    from tertulia.config.environment import read_environment

    start.django()
    url = os.environ.get("TERTULIA_DATABASE_URL", "")
    if not url:
        given = read_environment().database_url
        url = given.get_secret_value() if given else ""
    if program not in {"psql", "pg_dump", "pg_restore"}:
        say("The programs are psql, pg_dump and pg_restore.")
        raise typer.Exit(2)
    finished = subprocess.run([server.programs() / program, "--dbname", url, *context.args], check=False)
    sys.exit(finished.returncode)
