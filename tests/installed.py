"""What tests fetch for themselves, once for all processes that test."""

import contextlib
import fcntl
import os
import subprocess


@contextlib.contextmanager
def alone(folder):
    """Nobody else fetches into the folder meanwhile."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def npm(folder, package):
    """The packages of the folder's lock file, one of which is named."""
    with alone(folder):
        if not (folder / "node_modules" / package).is_dir():
            install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=300)
