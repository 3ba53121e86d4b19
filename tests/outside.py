"""A ClickHouse that is none of the product's children, and a process that uses it by its URL."""

import pathlib
import subprocess

import clickhouse_connect
from ioc import BINARY, Ioc, eventually, free_port


class Server:
    """The ClickHouse of the embedded server, run alone: its user may use any database."""

    def __init__(self, folder, like):
        self.port, self.password = free_port(), like.password_of("ioc")
        model = like.data / "clickhouse"
        users = (model / "users.xml").read_text().replace("GRANT ALL ON ioc.*", "GRANT ALL ON *.*")
        configuration = (model / "config.xml").read_text().replace(str(model), str(folder))
        (folder / "users.xml").write_text(users)
        (folder / "config.xml").write_text(configuration)
        (folder / "data").mkdir()
        command = pathlib.Path(f"/proc/{like.clickhouse_pid()}/cmdline").read_text().rstrip("\0").split("\0")
        changed = [
            argument.replace(str(model), str(folder)).replace(str(like.clickhouse), str(self.port))
            for argument in command[1:]
        ]
        self.log = open(folder / "server.log", "wb")  # noqa: SIM115
        # It runs until its standard input closes.
        self.process = subprocess.Popen([BINARY, *changed], stdin=subprocess.PIPE, stdout=self.log, stderr=self.log)
        self.admin = eventually(self.connect)

    def connect(self):
        try:
            return clickhouse_connect.get_client(
                host="127.0.0.1", port=self.port, username="ioc", password=self.password, database="system"
            )
        except clickhouse_connect.driver.exceptions.Error:
            assert self.process.poll() is None, "the server ended"
            return None

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Outside:
    """A process that uses a server by its URL, in a database of its own."""

    def __init__(self, folder, port, password, database, admin=None, **settings):
        self.database, self.admin = database, admin
        self.ioc = Ioc(
            folder,
            IOC_CLICKHOUSE_URL=f"http://127.0.0.1:{port}",
            IOC_CLICKHOUSE_USER="ioc",
            IOC_CLICKHOUSE_PASSWORD=password,
            IOC_CLICKHOUSE_DATABASE=database,
            **settings,
        )
        self.password, _ = self.ioc.add_sender("gw1", "gateway")

    def refused(self):
        """Starts it and gives back what it said when it ended by itself."""
        self.ioc.start(wait=False)
        assert self.ioc.wait_ended() != 0
        assert "ready" not in self.ioc.log()
        return self.ioc.log()

    def values(self, subject):
        query = f"SELECT value FROM {self.database}.observation WHERE subject = '{subject}' ORDER BY event_time"
        return [value for (value,) in self.admin.query(query).result_rows]
