"""What the page shows, read by a real Chromium."""

import os
import re
import subprocess

import installed
from ioc import ROOT

WEB = ROOT / "dashboards" / "web"
# Tests of the page that run on a real server; all others have a fixture of their own.
OF_A_SERVER = ("lineage.test.js", "page.test.js")


def install():
    """The browser's driver, as the page's own tests use it."""
    installed.npm(WEB, "playwright-core")


def wait_until_shown(ioc, words, path="/", seconds=60):
    """Opens the page and gives back its text once the words are visible in it."""
    install()
    script = ROOT / "tests" / "clients" / "shown.mjs"
    done = subprocess.run(
        ["node", script, f"http://127.0.0.1:{ioc.http}{path}", words, str(seconds * 1000)],
        env=os.environ | {"WEB": str(WEB)},
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    assert done.returncode == 0, f"the page never shows '{words}': {done.stderr[-2000:]}"
    return done.stdout


def tests(*names, seconds=1500, **environment):
    """Runs files of the page's own tests, one after the other, and gives back how many tests passed."""
    install()
    done = subprocess.run(
        ["node", "--test", "--test-concurrency=1", "--test-timeout=420000", *(f"tests/{name}" for name in names)],
        cwd=WEB,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    # What failed, with its reason: the last lines alone may be of another test.
    failed = re.findall(r"^not ok .*?^  \.\.\.$", done.stdout, re.M | re.S)
    told = "\n".join(failed)[:8000] + done.stdout[-1000:] + done.stderr[-2000:]
    assert done.returncode == 0, told
    counted = re.findall(r"^(?:#|ℹ) (tests|pass|fail|skipped) (\d+)$", done.stdout, re.M)
    counts = {name: int(count) for name, count in counted}
    assert counts["fail"] == counts["skipped"] == 0, told
    assert counts["pass"] == counts["tests"], told
    return counts["pass"]
