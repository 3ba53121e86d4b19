"""What a process and everything it started costs: wall time, CPU seconds, memory. Measured alike for all."""

import os
import pathlib
import subprocess
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def _processes():
    """pid → (parent, CPU seconds, resident bytes) of everything that runs."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = pathlib.Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            found[int(entry)] = (int(fields[1]), (int(fields[11]) + int(fields[12])) / TICK, int(fields[21]) * PAGE)
    return found


def tree(root):
    """pid → (CPU seconds, resident bytes) of a process and its descendants."""
    everything = _processes()
    wanted, taken = [root], {}
    while wanted:
        pid = wanted.pop()
        if pid in everything:
            taken[pid] = everything[pid][1:]
            wanted += [child for child, (parent, *_) in everything.items() if parent == pid]
    return taken


def proportional_bytes(pids):
    """Memory of processes with shared pages counted once (PSS)."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


class Watch:
    """Looks at a process tree every tenth of a second while its block runs.

    Memory is the sum over the tree, pages that processes share counted in each. CPU seconds of a process that ended
    are those of the last look at it.
    """

    def __init__(self, root):
        self.root = root
        self.cpu = {}
        self.peak_bytes = 0
        self.peak_by_process = {}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self):
        self.began = time.monotonic()
        self.cpu_before = {pid: cpu for pid, (cpu, _) in tree(self.root).items()}
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.wall = time.monotonic() - self.began

    def _look_on(self):
        while True:
            now = tree(self.root)
            self.cpu |= {pid: cpu for pid, (cpu, _) in now.items()}
            self.peak_bytes = max(self.peak_bytes, sum(resident for _, resident in now.values()))
            for pid, (_, resident) in now.items():
                self.peak_by_process[pid] = max(self.peak_by_process.get(pid, 0), resident)
            if self.ended.wait(0.1):
                return

    def cpu_seconds(self, pid=None):
        """Of one process, or of all of them, since the block began."""
        pids = self.cpu if pid is None else [pid]
        return sum(self.cpu.get(one, 0) - self.cpu_before.get(one, 0) for one in pids)


def run(command, seconds, **options):
    """Runs a command to its end and gives back its output, its wall and CPU seconds and its peak memory in MB."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    with Watch(process.pid) as watch:
        try:
            out, errors = process.communicate(timeout=seconds)
        except BaseException:
            process.kill()
            process.wait()
            raise
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {errors[-2000:]}")
    # Of children that were waited for, as the kernel counted them: the last look may have missed some.
    return out, {"seconds": watch.wall, "cpu_seconds": watch.cpu_seconds(), "peak_rss_mb": watch.peak_bytes / 1e6}
