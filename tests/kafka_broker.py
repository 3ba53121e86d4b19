"""A real Apache Kafka on loopback, and its own clients, out of Maven Central: one broker with a folder and ports of its own."""

import pathlib
import signal
import socket
import subprocess

from authority import Authority
from installed import alone
from ioc import eventually, free_port

HOME = pathlib.Path(__file__).resolve().parent / "clients" / "kafka"
LIB = HOME / "lib"
CLUSTER = "AAAAAAAAQACAAAAAAAAAAQ"
SETTINGS = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={listeners}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
log.dirs={folder}/log
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
"""
SECURE = """sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={store}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
"""


def _java(*arguments, memory="256m"):
    with alone(HOME):
        if not LIB.exists():
            fetch = ["mvn", "-q", "-B", "-f", HOME / "pom.xml", "dependency:copy-dependencies", f"-DoutputDirectory={LIB}"]
            subprocess.run(fetch, check=True, capture_output=True, timeout=600)
    return ["java", f"-Xmx{memory}", "-XX:+UseSerialGC", "-cp", f"{LIB}/*", *map(str, arguments)]


class Broker:
    """`peer` is led by commands of `Peer.java`; `secure` adds a listener with TLS and SCRAM."""

    process = None

    def __init__(self, folder, secure=False):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.port, self.controller = free_port(), free_port()
        listeners, more = f"PLAINTEXT://127.0.0.1:{self.port}", ""
        if secure:
            self.secure_port = free_port()
            listeners += f",SASL_SSL://127.0.0.1:{self.secure_port}"
            authority = Authority(self.folder)
            self.ca = authority.certificate
            key, certificate = authority.certify("server", "/CN=Test broker", "IP:127.0.0.1")
            store = self.folder / "store.pem"
            store.write_text(key.read_text() + certificate.read_text() + self.ca.read_text())
            more = SECURE.format(store=store, ca=self.ca)
        self.settings = self.folder / "server.properties"
        text = SETTINGS.format(controller=self.controller, listeners=listeners, folder=self.folder)
        self.settings.write_text(text + more)
        form = _java("kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", self.settings)
        subprocess.run(form, check=True, capture_output=True, timeout=60)
        self.address = f"127.0.0.1:{self.port}"
        self.start()
        run = _java(HOME / "Peer.java", self.address, memory="128m")
        with open(self.folder / "peer.log", "ab") as log:
            self.peer = subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)

    def start(self):
        with open(self.folder / "broker.log", "ab") as log:
            self.process = subprocess.Popen(_java("kafka.Kafka", self.settings, memory="512m"), stdout=log, stderr=log)
        eventually(self._is_up, seconds=120)

    def _is_up(self):
        assert self.process.poll() is None, (self.folder / "broker.log").read_text()[-3000:]
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.peer.stdin.close()
        self.peer.wait(60)
        if self.process.poll() is None:
            self.kill()

    def __call__(self, *words):
        """Runs a command, and gives back what it answers."""
        self.peer.stdin.write(" ".join(map(str, words)) + "\n")
        self.peer.stdin.flush()
        answer = self.peer.stdout.readline().rstrip("\n")
        assert answer.startswith("ok"), f"{words}: {answer}"
        return answer[3:]

    def committed(self, group):
        """The group's offsets by partition, and what stands beside each."""
        said = [one.split("=", 2) for one in self("committed", group).split(";") if one]
        return {partition: int(offset) for partition, offset, _ in said}, {partition: beside for partition, _, beside in said}
