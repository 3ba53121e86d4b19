"""What the page shows, read by a real Chromium."""

import os
import subprocess

import installed
from ioc import ROOT

WEB = ROOT / "dashboards" / "web"


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
