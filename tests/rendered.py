"""What the page shows, read by a real Chromium."""

import os
import subprocess

from ioc import ROOT

WEB = ROOT / "dashboards" / "web"


def install():
    """The browser's driver, as the page's own tests use it."""
    if not (WEB / "node_modules" / "playwright-core").is_dir():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=WEB, check=True, timeout=300)


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
