"""A real PostgreSQL server for tests: its own cluster, its own port, ended by its own process id."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from tests.started import Started

_READY_WITHIN_S = 30.0
_STOPPED_WITHIN_S = 20.0
_USER = "regulars"
_SERVICE_USERS = ("postgres", "nobody")
"""Whose rights the server takes when the tests run as root, which it refuses to do."""


def server_programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``; Debian keeps them off the path. ``None`` where not installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: folder.parent.name, reverse=True)
    for name in ("initdb", "postgres"):
        if (found := shutil.which(name)) is not None:
            folders.append(Path(found).parent)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


class PostgresServer:
    """A server on 127.0.0.1, without a password. ``durable`` makes it wait for the disk, as a real one does."""

    host = "127.0.0.1"

    def __init__(self, port: int, *, durable: bool = False) -> None:
        programs = server_programs()
        if programs is None:
            raise RuntimeError("PostgreSQL's server is not installed (apt-get install postgresql)")
        self.port = port
        self._programs = programs
        self._durable = durable
        self._folder = Path(tempfile.mkdtemp(prefix="regulars-postgres-"))
        self._databases = 0
        self._process: subprocess.Popen[bytes] | None = None

    def new_database(self) -> str:
        """Create an empty database; returns its URL for SQLAlchemy."""
        self._databases += 1
        name = f"regulars_{self._databases}"
        self._ask(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://{_USER}@{self.host}:{self.port}/{name}"

    def __enter__(self) -> Self:
        try:
            self._prepare()
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGINT)  # "fast": ends open sessions
            try:
                self._process.wait(timeout=_STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                os.kill(self._process.pid, signal.SIGQUIT)
                self._process.wait(timeout=_STOPPED_WITHIN_S)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _prepare(self) -> None:
        owner = self._owner()
        if owner is not None:
            os.chown(self._folder, owner, -1)
        command = [
            str(self._programs / "initdb"), "--pgdata", str(self._folder / "data"), "--username", _USER,
            "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync",
        ]  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self._folder, user=owner)

    def _start(self) -> None:
        settings = {
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "60",
            **({} if self._durable else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [str(self._programs / "postgres"), "-D", str(self._folder / "data"), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self._folder, user=self._owner(),
        )  # fmt: skip
        Started(self._process, ready=b"ready to accept connections").wait(_READY_WITHIN_S)

    def _ask(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(host=self.host, port=self.port, user=_USER, dbname="postgres", autocommit=True) as server:
            server.execute(statement.encode())

    @staticmethod
    def _owner() -> int | None:
        """Whom the server's processes belong to: ourselves, or a service's user where we are root."""
        if os.getuid() != 0:
            return None
        for name in _SERVICE_USERS:
            try:
                return pwd.getpwnam(name).pw_uid
            except KeyError:
                continue
        raise RuntimeError(f"no user of {_SERVICE_USERS} to run PostgreSQL as")
