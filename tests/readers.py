"""Readers of the store this project did not write, as the tools of analysts use them: clickhouse-go and ClickHouse's JDBC.

Both are pinned with what they hang on: the one by `go.sum`, the other by the digests of its files.
"""

import hashlib
import json
import os
import subprocess

from installed import alone
from ioc import ROOT

CLIENTS = ROOT / "tests" / "clients"
# The driver with what it hangs on inside, but for what it logs through.
JARS = {
    "com.clickhouse:clickhouse-jdbc:0.9.9:jar:all": "56b49bb9e40df699eff03215e3853ce028be9a6bf17f33687434901a74ee28e0",
    "org.slf4j:slf4j-api:2.0.17:jar": "7b751d952061954d5abfed7181c1f645d336091b679891591d63329c622eb832",
}
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


def environment(ioc):
    return os.environ | {
        "CLIENT_URL": f"http://127.0.0.1:{ioc.clickhouse}",
        "CLIENT_ADDRESS": f"127.0.0.1:{ioc.clickhouse}",
        "CLIENT_USER": "analyst",
        "CLIENT_PASSWORD": ioc.password_of("analyst"),
        "CLIENT_DATABASE": "ioc",
    }


class Go:
    """clickhouse-go over HTTP: a deadline on every question, as Grafana's data source has one."""

    def __init__(self, ioc, folder):
        self.environment = environment(ioc)
        self.binary = folder / "go-client"
        build = ["go", "build", "-mod=readonly", "-o", str(self.binary), "."]
        built = subprocess.run(build, cwd=CLIENTS / "go", capture_output=True, text=True, timeout=600)
        assert built.returncode == 0, built.stderr

    def ask(self, questions):
        """Rows of text, or a string that says what was wrong, of each `(sql, seconds)`."""
        asked = json.dumps([{"sql": sql, "seconds": seconds} for sql, seconds in questions])
        done = subprocess.run([self.binary], env=self.environment, input=asked, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return [answer.get("error", answer.get("rows", [])) for answer in json.loads(done.stdout)]


def jar(name, digest):
    """Fetched once, and never taken for another."""
    _, artifact, version, packaging, *classifier = name.split(":")
    path = CLIENTS / "java" / "lib" / f"{'-'.join([artifact, version, *classifier])}.{packaging}"
    with alone(CLIENTS / "java"):
        if not path.is_file():
            fetch = ["mvn", "-q", "-B", COPY, f"-Dartifact={name}", f"-DoutputDirectory={path.parent}"]
            fetched = subprocess.run(fetch, cwd=CLIENTS / "java", capture_output=True, text=True, timeout=600)
            assert fetched.returncode == 0, fetched.stdout
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, path
    return path


class Java:
    """ClickHouse's JDBC driver: a time-out and a most of rows on every statement, or 0 for none."""

    def __init__(self, ioc):
        self.environment = environment(ioc)
        self.jars = [jar(name, digest) for name, digest in JARS.items()]

    def ask(self, questions):
        """As `Go.ask`, of each `(sql, seconds, most rows)`; of `("columns", table)` the columns with their comments."""
        lines = [
            f"columns\t0\t{question[1]}" if question[0] == "columns" else f"{question[1]}\t{question[2]}\t{' '.join(question[0].split())}"
            for question in questions
        ]
        run = ["java", "-cp", ":".join(map(str, self.jars)), str(CLIENTS / "java" / "Queries.java")]
        done = subprocess.run(
            run, env=self.environment, input="\n".join(lines), capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        answers, rows = [], []
        for line in done.stdout.splitlines():
            kind, *values = line.split("\t")
            if kind == "row":
                rows.append(values)
            else:
                answers.append(rows if kind == "end" else values[0])
                rows = []
        assert len(answers) == len(questions), done.stdout + done.stderr
        return answers
