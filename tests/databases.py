"""Databases of agencies: Debian's PostgreSQL and MariaDB, each with a folder and a port of its own, on loopback."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess

import psycopg
import pymysql
from authority import Authority
from ioc import eventually, free_port

PASSWORD = "only-for-tests"


def _as(user):
    """Neither server runs as root: the account that its package made is taken then."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(user)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _folder(folder, name, user):
    made = pathlib.Path(folder) / name
    made.mkdir(parents=True)
    if os.geteuid() == 0:
        account = pwd.getpwnam(user)
        os.chown(made, account.pw_uid, account.pw_gid)
        # pytest keeps its folders to itself; a server must be able to walk to its own.
        for parent in made.parents:
            if parent.stat().st_uid == 0 and parent != pathlib.Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    return made


class _Server:
    """`ca` certifies it."""

    process = None
    ends = signal.SIGTERM

    def _certify(self, user):
        """A certificate for the address that it is reached at."""
        authority = Authority(self.folder)
        self.ca = authority.certificate
        self.key, self.certificate = authority.certify("server", "/CN=Test database", "IP:127.0.0.1")
        self.key.chmod(0o600)
        if os.geteuid() == 0:
            account = pwd.getpwnam(user)
            os.chown(self.key, account.pw_uid, account.pw_gid)

    def _start(self, command, user):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **_as(user))
        eventually(self._is_up, seconds=90)

    def _is_up(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
        with contextlib.suppress(psycopg.OperationalError, pymysql.OperationalError):
            self.connect().close()
            return True
        return False

    def stop(self):
        if self.process and self.process.poll() is None:
            # PostgreSQL would wait for those that are connected.
            self.process.send_signal(self.ends)
            self.process.wait(60)


class Postgres(_Server):
    """`reader` may read, and see who else is at work."""

    ends = signal.SIGINT

    def __init__(self, folder):
        self.folder, self.port = _folder(folder, "postgres", "postgres"), free_port()
        self._certify("postgres")
        binaries = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.binaries = binaries[-1]
        data = self.folder / "data"
        made = [self.binaries / "initdb", "-D", data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-locale"]
        subprocess.run(made, check=True, capture_output=True, cwd=self.folder, **_as("postgres"))
        (data / "pg_hba.conf").write_text(
            "host all owner 127.0.0.1/32 trust\nhost all reader 127.0.0.1/32 scram-sha-256\n"
        )
        self.start()
        with self.connect() as owner:
            owner.execute(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
            owner.execute("GRANT pg_read_all_data, pg_read_all_stats TO reader")

    def start(self):
        # Clerks live in Việt Nam; what is read must not depend on it.
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "TimeZone": "Asia/Ho_Chi_Minh",
            "ssl": "on",
            "ssl_cert_file": self.certificate,
            "ssl_key_file": self.key,
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [self.binaries / "postgres", "-D", self.folder / "data", "-p", str(self.port), *options]
        self._start(command, "postgres")

    def connect(self):
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="owner", dbname="postgres", autocommit=True, connect_timeout=5
        )

    @property
    def url(self):
        return f"postgres://127.0.0.1:{self.port}/postgres"


class MariaDb(_Server):
    """`reader` may read, and see who else is at work."""

    def __init__(self, folder):
        self.folder, self.port = _folder(folder, "mariadb", "mysql"), free_port()
        self._certify("mysql")
        data = self.folder / "data"
        install = shutil.which("mariadb-install-db")
        made = [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(made, check=True, capture_output=True, cwd=self.folder, **_as("mysql"))
        self.start()
        with self.connect() as owner, owner.cursor() as cursor:
            cursor.execute("CREATE DATABASE registers CHARACTER SET utf8mb4")
            cursor.execute(f"CREATE USER reader@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
            cursor.execute("GRANT SELECT ON registers.* TO reader@'127.0.0.1'")
            cursor.execute("GRANT PROCESS ON *.* TO reader@'127.0.0.1'")

    def start(self):
        command = [
            shutil.which("mariadbd", path=os.environ["PATH"] + ":/usr/sbin"),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.folder / 'socket'}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--default-time-zone=+00:00",
            "--innodb-flush-log-at-trx-commit=0",
            "--pid-file=" + str(self.folder / "pid"),
            f"--ssl-cert={self.certificate}",
            f"--ssl-key={self.key}",
        ]
        self._start(command, "mysql")

    def connect(self, database=None, zone=None):
        init = f"SET time_zone = '{zone}'" if zone else None
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", database=database, autocommit=True, init_command=init
        )

    @property
    def url(self):
        return f"mysql://127.0.0.1:{self.port}/registers"
