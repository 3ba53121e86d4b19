"""A file system of a few megabytes that a test can fill. Mounting needs root; without it tests fail."""

import contextlib
import os
import pathlib
import subprocess


class SmallDisk:
    """A tmpfs. What is on it is gone when it is unmounted."""

    def __init__(self, folder, megabytes):
        self.folder, self.megabytes = pathlib.Path(folder), megabytes
        self.folder.mkdir(parents=True, exist_ok=True)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(self.folder)]
        done = subprocess.run(mount, capture_output=True, text=True)
        assert done.returncode == 0, f"this test mounts a tmpfs, which needs root: {done.stderr}"
        self.ballast = self.folder / ".ballast"

    def free_bytes(self):
        space = os.statvfs(self.folder)
        return space.f_bavail * space.f_frsize

    def fill(self):
        """Takes whatever is free, to the last block; to be called again when something was given up meanwhile."""
        # Somebody else may take the last block first: then the disk is as full as it should be.
        with open(self.ballast, "ab") as ballast, contextlib.suppress(OSError):
            while free := self.free_bytes():
                os.posix_fallocate(ballast.fileno(), os.fstat(ballast.fileno()).st_size, free)

    def leave(self, megabytes):
        """Gives up as much of what was taken as it needs for so much to be free."""
        missing = int(megabytes * (1 << 20)) - self.free_bytes()
        if missing > 0:
            os.truncate(self.ballast, max(0, self.ballast.stat().st_size - missing))

    def make_room(self):
        self.ballast.unlink()

    def unmount(self):
        # Lazily: a process that a failed test left behind may still hold it.
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
