"""FTP servers that this project did not write, on loopback: pyftpdlib, which lists by MLSD, and vsftpd, which lists as `ls`
does and wants the session of TLS to be taken up by each data connection.

pyftpdlib runs as this program. It reads `settings.json`: `cut` names files of which it sends a part and says 226, `refused`
those that it does not give. What it sent stands in `sent`.
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

USER, PASSWORD = "ioc", "only-f0r-tests"


def serve(folder, port):
    """Serves until it is ended."""
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.filesystems import AbstractedFS, FilesystemError
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

    told = lambda: json.loads((folder / "settings.json").read_text())

    class Shelf(AbstractedFS):
        def open(self, filename, mode):
            name = pathlib.Path(filename).name
            if name in told()["refused"]:
                raise FilesystemError("not now")
            file = super().open(filename, mode)
            if name in told()["cut"]:
                part = open(folder / "part", "wb+")
                part.write(file.read()[:-1])
                part.seek(0)
                return part
            return file

    class Handler(FTPHandler):
        def on_file_sent(self, file):
            with open(folder / "sent", "a") as sent:
                sent.write(pathlib.Path(file).name + "\n")

    users = DummyAuthorizer()
    users.add_user(USER, PASSWORD, str(folder / "shelf"), perm="elr")
    Handler.authorizer, Handler.abstracted_fs = users, Shelf
    # An address that leads nowhere: it is not followed.
    Handler.masquerade_address = "192.0.2.7"
    FTPServer(("127.0.0.1", port), Handler).serve_forever()


class Server:
    """A process that serves `shelf` below a folder."""

    def __init__(self, folder, port):
        self.folder, self.port, self.process = folder, port, None
        self.shelf = folder / "shelf"
        self.shelf.mkdir(parents=True)
        self.tell()

    def tell(self, cut=(), refused=()):
        (self.folder / "new.json").write_text(json.dumps({"cut": list(cut), "refused": list(refused)}))
        (self.folder / "new.json").rename(self.folder / "settings.json")

    def command(self):
        return [sys.executable, __file__, str(self.folder), str(self.port)]

    def start(self):
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                assert self.process.poll() is None, (self.folder / "server.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.1)

    def stop(self):
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

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
        sent = self.folder / "sent"
        return sent.read_text().split() if sent.exists() else []


class Vsftpd(Server):
    """Read by anybody, by TLS only: from `AUTH TLS` on, or from the first byte on."""

    def __init__(self, folder, port, authority, implicit=False):
        super().__init__(folder, port)
        key, certificate = authority.certify("ftp", "/CN=127.0.0.1", "IP:127.0.0.1")
        self.settings = folder / "vsftpd.conf"
        empty = folder / "empty"
        empty.mkdir()
        said = {
            "listen": "YES", "listen_ipv6": "NO", "listen_address": "127.0.0.1", "listen_port": port, "background": "NO",
            "anonymous_enable": "YES", "local_enable": "NO", "anon_root": self.shelf, "ftp_username": "nobody",
            "no_anon_password": "YES", "run_as_launching_user": "YES", "secure_chroot_dir": empty, "write_enable": "NO", "seccomp_sandbox": "NO",
            "ssl_enable": "YES", "allow_anon_ssl": "YES", "force_anon_logins_ssl": "YES", "force_anon_data_ssl": "YES",
            "require_ssl_reuse": "YES", "ssl_tlsv1": "YES", "rsa_cert_file": certificate, "rsa_private_key_file": key,
            "ssl_ciphers": "HIGH", "implicit_ssl": "YES" if implicit else "NO", "xferlog_enable": "YES", "vsftpd_log_file": folder / "vsftpd.log",
        }
        self.settings.write_text("".join(f"{key}={value}\n" for key, value in said.items()))

    def command(self):
        return ["/usr/sbin/vsftpd", str(self.settings)]


if __name__ == "__main__":
    serve(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
