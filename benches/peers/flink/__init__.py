"""Flink as a peer: compiled against the jars of PyPI's apache-flink-libraries, run in one process."""

import pathlib
import subprocess

import pyflink.version

from kit import process
from kit.product import SCRATCH, told

JARS = pathlib.Path(pyflink.version.__file__).parent / "lib"
SOURCE = pathlib.Path(__file__).parent / "W1.java"
# What Flink's own start scripts open to its serializers.
OPEN = [f"--add-opens=java.base/java.{part}=ALL-UNNAMED" for part in ("util", "lang", "time")]


def compiled():
    classes = SCRATCH / "flink"
    classes.mkdir(parents=True, exist_ok=True)
    subprocess.run(["javac", "-nowarn", "-cp", f"{JARS}/*", "-d", classes, SOURCE], check=True, capture_output=True)
    return classes


def w1(folder, output, seconds):
    """The files of a folder, in parallel on both cores. Gives back the files it wrote and what it took."""
    classes = compiled()
    command = ["java", "-Xmx6g", *OPEN, "-Dlog4j2.level=ERROR", "-cp", f"{classes}:{JARS}/*", "W1", folder, output, "2"]
    out, cost = process.run(list(map(str, command)), seconds)
    return f"{output}.*", cost | {"job_seconds": told(out)["seconds"]}
