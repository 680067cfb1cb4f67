"""A PostgreSQL server of the tests' own: in a folder of its own, on a private socket, gone when they end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from uuid import uuid4

from patience import APPEARS, wait_until

PASSWORD = "s3cret-of-the-tests"
USER = "grader"


def programs() -> Path | None:
    """The folder of the newest server that is installed here; None if there is none."""
    on_path = shutil.which("initdb")
    found = sorted(glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda name: float(name.split("/")[4]))
    return Path(on_path or found[-1]).parent if on_path or found else None


def why_not() -> str:
    """Why there can be no server here; empty if there can be one."""
    if programs() is None:
        return "PostgreSQL's server is not installed (Debian: apt-get install postgresql)"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg is not installed (pip install 'unrolled[postgres]')"
    if os.geteuid() == 0 and (_other_user() is None or shutil.which("setpriv") is None):
        return "PostgreSQL refuses to run as root, and there is no user postgres or nobody, or no setpriv, to run it"
    return ""


def _other_user() -> str | None:
    import pwd

    return next((name for name in ("postgres", "nobody") if name in {user.pw_name for user in pwd.getpwall()}), None)


class Server:
    """A server whose users must give a password; ``start`` and ``stop`` as often as one likes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._as: list[str] = []
        programs_here = programs()
        assert programs_here is not None
        self._programs = programs_here
        if os.geteuid() == 0:
            user = _other_user()
            assert user is not None
            shutil.chown(folder, user)
            self._as = [f"--reuid={user}", "--clear-groups", f"--regid={user if user == 'postgres' else 'nogroup'}"]
        secret = folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        secret.chmod(0o644)
        self._run("initdb", "-D", str(folder / "data"), "-U", USER, "-E", "UTF8", "--no-locale", "--no-sync",
                  "--auth=scram-sha-256", f"--pwfile={secret}")  # fmt: skip

    def _command(self, *words: str) -> list[str]:
        """With the tests it ends, too, however they end; where there is no setpriv (macOS), if they end properly."""
        if shutil.which("setpriv") is None:
            return [str(self._programs / words[0]), *words[1:]]
        return ["setpriv", "--pdeathsig=INT", *self._as, str(self._programs / words[0]), *words[1:]]

    def _run(self, *words: str) -> None:
        subprocess.run(self._command(*words), check=True, capture_output=True, cwd=self.folder)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        quick = ("fsync", "full_page_writes", "synchronous_commit")
        words = [f"-c{name}=off" for name in quick] + ["-cmax_connections=40", "-cshared_buffers=16MB"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(
                    "postgres", "-D", str(self.folder / "data"), "-k", str(self.folder), "-clisten_addresses=", *words
                ),
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        assert wait_until(self._answers), (self.folder / "log").read_text(encoding="utf-8")

    def _answers(self) -> bool:
        import psycopg

        assert self._process is not None and self._process.poll() is None, (self.folder / "log").read_text()
        try:
            psycopg.connect(self.url("postgres").replace("+psycopg", "")).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """End it at once: whoever is connected loses the connection."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(APPEARS)
            self._process = None

    def url(self, database: str) -> str:
        """The address of a database."""
        return f"postgresql+psycopg://{USER}:{PASSWORD}@/{database}?host={self.folder}"

    def do(self, statement: str) -> None:
        """Run a statement outside of a transaction, as the owner of all."""
        import psycopg

        with psycopg.connect(self.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement.encode())

    def database(self, like: str = "") -> str:
        """The address of a new database: empty, or a copy of another one's."""
        name = f"db_{uuid4().hex[:12]}"
        template = like.split("@/")[1].split("?")[0] if like else "template0"
        self.do(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)


@contextmanager
def running() -> Iterator[Server]:
    """A server, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
    folder.chmod(0o755)
    server = None
    try:
        server = Server(folder)
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
