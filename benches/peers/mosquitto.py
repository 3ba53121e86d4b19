"""mosquitto as a peer: Debian's broker on a free port, in memory, with the limits on messages in flight taken away."""

import contextlib
import socket
import subprocess
import time

from kit.product import free_port

CONFIGURATION = """
listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_inflight_messages 0
max_queued_messages 0
set_tcp_nodelay true
log_type error
"""


@contextlib.contextmanager
def mosquitto(folder):
    """A running broker: its process and port."""
    port = free_port()
    configuration = folder / "mosquitto.conf"
    configuration.write_text(CONFIGURATION.format(port=port))
    process = subprocess.Popen(["mosquitto", "-c", configuration], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError("mosquitto does not listen")
            time.sleep(0.05)
        yield process, port
    finally:
        process.terminate()
        process.wait()
