"""The chapter "A new feed in ten minutes" of docs/province.md, followed to the letter: its files are written and its
commands run, by the real binary, with curl; the value is read in ClickHouse as the chapter does."""

import json
import os
import re
import subprocess
import textwrap
import time

import pytest
from ioc import BINARY, ROOT, Ioc, eventually

CHAPTER = "## A new feed in ten minutes"


EVENTS = "### Events by a mapping"


def blocks(chapter=CHAPTER, at_least=8):
    """The indented blocks of the chapter, in their order; of its steps alone."""
    text = (ROOT / "docs" / "province.md").read_text()
    chapter = re.split(r"\n##+ ", text.split(f"\n{chapter}\n", 1)[1], maxsplit=1)[0]
    found = re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", chapter, re.M)
    parts = [part for block in found for part in re.split(r"\n\n", textwrap.dedent(block).strip("\n"))]
    assert len(parts) >= at_least, parts
    return parts


class Reader:
    """Somebody who follows the chapter in a shell."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "deploy").symlink_to(ROOT / "deploy")
        programs = folder / "programs"
        programs.mkdir()
        (programs / "ioc").symlink_to(BINARY)
        self.ioc = Ioc(folder, pack=folder / "our-province")
        self.told = []
        self.token = ""
        self.shell("cp -r deploy/provinces/tay-ninh our-province")

    def shell(self, script, check=True):
        """As typed, but for where this one's service is."""
        for here, there in [
            ("127.0.0.1:8081", f"127.0.0.1:{self.ioc.push}"),
            ("127.0.0.1:8123", f"127.0.0.1:{self.ioc.clickhouse}"),
            ("/var/lib/ioc/", f"{self.ioc.data}/"),
        ]:
            script = script.replace(here, there)
        environment = self.ioc.environment(TOKEN=self.token)
        environment["PATH"] = f"{self.folder / 'programs'}:{os.environ['PATH']}"
        script += '\nprintf %s "${TOKEN-}" > .token'
        done = subprocess.run(
            ["bash", "-euc", script], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120
        )
        assert not check or done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        if (self.folder / ".token").exists():
            self.token = (self.folder / ".token").read_text()
        return done.stdout

    def follow(self, block):
        to_file = re.match(r"# (add to|write) (\S+)\n", block)
        if to_file:
            file = self.folder / to_file[2]
            file.parent.mkdir(exist_ok=True)
            before = file.read_text() + "\n" if to_file[1] == "add to" else ""
            file.write_text(before + block[to_file.end() :] + "\n")
        elif block == "ioc up":
            self.ioc.start()
        elif "observation_current" in block:
            self.told.append(eventually(lambda: self.shell(block)))
        else:
            self.told.append(self.shell(block))


@pytest.fixture
def reader(tmp_path):
    reader = Reader(tmp_path)
    yield reader
    reader.ioc.stop()


def test_a_new_feed_by_the_book_is_in_clickhouse(reader):
    began = time.monotonic()
    for block in blocks():
        reader.follow(block)
    took = time.monotonic() - began
    print(f"the machine's part of a new feed took {took:.1f} s")
    assert any('"indicator":"ph"' in told and '"value":6.91' in told for told in reader.told), "ioc try shows the rows"
    assert reader.told[-1].split("\n")[:2] == ["ph\t6.91\tgood", "temperature\t29.4\tgood"]
    counts = reader.ioc.wait_drained()["feeds"]["river"]["counts"]
    assert (counts["stored"], counts["rejected"]) == (2, 0)


def test_what_is_wrong_with_a_mapping_is_told_with_its_line_in_both_languages(reader):
    for block in blocks():
        if block.startswith("# "):
            reader.follow(block)
    file = reader.folder / "our-province" / "mappings" / "river.jq"
    file.write_text(file.read_text() + "| .at = now\n| nwo(.; 1)\n")
    line = file.read_text().count("\n")
    told = reader.shell("ioc check our-province || true").splitlines()
    assert told[0].startswith(f"mappings/river.jq:{line - 1}: 'now' is not there: ")
    assert " / 'now' không dùng được: " in told[0]
    assert told[1].startswith(f"mappings/river.jq:{line}: there is no filter 'nwo' of 2 arguments / ")
    file.unlink()
    assert "there is no file 'mappings/river.jq'" in reader.shell("ioc check our-province || true")


def test_replay_an_epoch_is_mapped_by_the_version_it_was_decoded_with(reader):
    """Another mapping is another version; what came before it stays what it was."""
    for block in blocks():
        reader.follow(block)
    before = reader.ioc.overview()["pack"]["version"]
    file = reader.folder / "our-province" / "mappings" / "river.jq"
    file.write_text(file.read_text().replace("(.v | number)", "((.v | number) + 1)"))
    eventually(lambda: reader.ioc.overview()["status"]["pack"]["state"] == "changed")
    reader.ioc.run("reload")
    assert reader.ioc.overview()["pack"]["version"] != before
    reader.ioc.kill()
    reader.ioc.start()
    [question] = [block for block in blocks() if "observation_current" in block]
    assert eventually(lambda: reader.shell(question)).startswith("ph\t6.91\tgood")
    [made, _] = [block for block in blocks() if "message.json" in block and ("printf" in block or "--fail" in block)]
    time.sleep(1.1)
    reader.shell(made)
    [sent] = [block for block in blocks() if "--fail-with-body" in block]
    reader.shell(sent)
    eventually(lambda: "ph\t7.91\tgood" in reader.shell(question))


def test_events_by_the_book_are_tried_and_counted_once(reader):
    """A line that is broken costs itself alone; what is told again by its card and time is the same event."""
    for block in blocks(EVENTS, 4):
        reader.follow(block)
    tried = [json.loads(line) for told in reader.told for line in told.splitlines() if line.startswith("{")]
    assert [(row["event"], row["log_source"], row["decided"]) for row in tried] == [
        ("log", "lock-1", "allowed"),
        ("log", "lock-1", "blocked"),
    ]
    assert [row["attributes"]["card"] for row in tried] == ["7001", "7002"]
    token = reader.shell("ioc sender add lock-1 --feed doors | awk '$1 == \"token\" { print $2 }'").strip()
    reader.ioc.start()
    send = f"""curl -sS --fail-with-body -H 'Authorization: Bearer {token}' --data-binary @- http://127.0.0.1:8081/ingest/doors"""
    reader.shell("now=$(date -u +%FT%TZ)\nsed \"s/2026-11-20 08:00:0./$now/; 2i{\" doors.jsonl > told.jsonl\n" + send + " < told.jsonl")
    counts = reader.ioc.wait_drained()["feeds"]["doors"]["counts"]
    assert (counts["stored"], counts["rejected"]) == (2, 1)
    reader.shell(send + " < told.jsonl")
    counts = reader.ioc.wait_drained()["feeds"]["doors"]["counts"]
    assert (counts["stored"], counts["duplicate"], counts["rejected"]) == (2, 2, 2)
