"""A station that sends files by FTPS, with Python's ftplib: a file is acknowledged by 226, and is sent again until it is."""

import ftplib
import io
import ssl
import time

from fire.pack import FTP
from fire.sender import Orders
from fire.station_files import files

PATIENCE = 10


class Session:
    """One connection, opened again when it is lost."""

    def __init__(self, orders):
        self.orders, self.ftp = orders, None
        self.context = ssl.create_default_context(cafile=orders.more["authority"])

    def put(self, name, text):
        """Whether the server said 226."""
        try:
            if self.ftp is None:
                self.ftp = ftplib.FTP_TLS(context=self.context)
                self.ftp.connect("127.0.0.1", self.orders.more["ftp"], timeout=PATIENCE)
                self.ftp.login(self.orders.name, self.orders.password)
                self.ftp.prot_p()
            return self.ftp.storbinary(f"STOR {name}", io.BytesIO(text.encode())).startswith("226")
        except (OSError, EOFError, ftplib.Error):
            if self.ftp is not None:
                self.ftp.close()
            self.ftp = None
            return False


def run(orders):
    session = Session(orders)
    for name, text, messages in files(orders, FTP):
        for message in messages:
            orders.journal.sent(message)
        while not session.put(name, text):
            time.sleep(0.2)
        for message in messages:
            orders.journal.acknowledged(message.id)
        if orders.stopping.is_set():
            break
        orders.stopping.wait(1 / orders.rate)


if __name__ == "__main__":
    orders = Orders()
    run(orders)
    orders.journal.close()
