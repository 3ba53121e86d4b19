"""An SFTP server that this project did not write, on loopback: OpenSSH's, as the user who runs the tests, with keys of its
own. It is given nothing to write with (`-R`).

What it sent stands in `sent`. `cut` ends a connection behind so many bytes of its answers.
"""

import getpass
import os
import signal
import socket
import subprocess
import time

SSHD, SFTP = "/usr/sbin/sshd", "/usr/lib/openssh/sftp-server"
USER = getpass.getuser()


def make_key(path, kind="ed25519", passphrase="", form=()):
    """A private key; beside it the public one."""
    for old in (path, path.with_name(f"{path.name}.pub")):
        old.unlink(missing_ok=True)
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "tests", "-f", str(path), *form]
    subprocess.run(command, check=True)
    return path


def fingerprint(key):
    said = subprocess.run(["ssh-keygen", "-l", "-f", str(key)], check=True, capture_output=True, text=True).stdout
    return said.split()[1]


class SftpServer:
    """A process that serves `shelf` below a folder, from where a login leads on."""

    def __init__(self, folder, port):
        self.folder, self.port, self.process = folder, port, None
        self.shelf = folder / "shelf"
        self.shelf.mkdir(parents=True)
        self.authorized = folder / "authorized"
        self.authorized.touch()
        self.host_key = make_key(folder / "host", "ed25519")
        self.others = [make_key(folder / f"host-{kind}", kind) for kind in ("ecdsa", "rsa")]
        serve = folder / "serve.sh"
        serve.write_text(
            f"#!/bin/sh\ncd {folder}\n"
            f"sftp() {{ {SFTP} -R -e -l INFO -d {self.shelf} 2>>{folder}/sftp.log; }}\n"
            # Byte by byte, since nothing may wait in a buffer; then what serves the connection ends, and with it the connection.
            'if [ -s cut ]; then\n'
            '  sftp | { dd bs=1 count="$(cat cut)" status=none; sleep 0.3; grep -q sshd "/proc/$PPID/comm" && kill "$PPID"; }\n'
            'else sftp; fi\n'
        )
        serve.chmod(0o755)
        said = [
            f"Port {port}", "ListenAddress 127.0.0.1", "PidFile none", "StrictModes no", "UsePAM no",
            *[f"HostKey {key}" for key in (self.host_key, *self.others)], f"AuthorizedKeysFile {self.authorized}",
            "PermitRootLogin yes", "PasswordAuthentication yes", "KbdInteractiveAuthentication no", "MaxStartups 100",
            f"Subsystem sftp {serve}", f"AllowUsers {USER}", "LogLevel VERBOSE",
        ]
        self.settings = folder / "sshd.conf"
        self.settings.write_text("\n".join(said) + "\n")

    def admit(self, key):
        with open(self.authorized, "a") as authorized:
            authorized.write(key.with_name(f"{key.name}.pub").read_text())

    def known(self):
        """Its host key as `known_hosts` has it."""
        kind, key = self.host_key.with_name(f"{self.host_key.name}.pub").read_text().split()[:2]
        return f"[127.0.0.1]:{self.port} {kind} {key}"

    def cut(self, count=None):
        (self.folder / "new-cut").write_text("" if count is None else str(count))
        (self.folder / "new-cut").rename(self.folder / "cut")

    def start(self):
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        with open(self.folder / "sshd.log", "ab") as log:
            # A session of its own: what it starts for a connection ends with it.
            command = [SSHD, "-D", "-e", "-f", str(self.settings)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                assert self.process.poll() is None, self.log()
                assert time.monotonic() < deadline
                time.sleep(0.1)

    def stop(self):
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    close = stop

    def log(self):
        return (self.folder / "sshd.log").read_text()

    def put(self, path, text, moment=None):
        """Puts a file there in one step, with that time of change."""
        file = self.shelf / path
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_name(f".{file.name}")
        aside.write_bytes(text)
        if moment is not None:
            os.utime(aside, (moment, moment))
        aside.rename(file)

    def sent(self):
        """The names of files that were read to their end, or as far as was wanted, in order."""
        log = self.folder / "sftp.log"
        lines = log.read_text().splitlines() if log.exists() else []
        closed = [line for line in lines if line.startswith("close ") and "bytes read" in line]
        return [line.split('"')[1].rsplit("/", 1)[1] for line in closed]

    def asked(self):
        """All that was done there, by its first word."""
        log = self.folder / "sftp.log"
        return {line.split()[0] for line in log.read_text().splitlines() if line} if log.exists() else set()
