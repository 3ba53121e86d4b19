"""A station that drops files into the inbox: a file is acknowledged when it was taken out of there."""

import datetime
import random
import time

from fire import workload
from fire.pack import FILE_CODES, FILES
from fire.sender import Orders

ZONE = datetime.timezone(datetime.timedelta(hours=7))
SYMBOLS = {"pm25": "PM2.5", "pm10": "PM10"}


def line(record, stamp):
    """A parameter as loggers write it, with a decimal comma."""
    value = str(record["value"]).replace(".", ",")
    return f"{SYMBOLS[record['indicator']]}\t{value}\tug/m3\t{stamp}\t00\n"


def files(orders, station):
    """Names, texts and messages of files of the last hour, each of a second of its own, without end."""
    chance = random.Random(f"{orders.seed}/{orders.name}")
    sender = workload.Sender(orders.name)
    moment = int(time.time()) - 3600
    while True:
        moment = max(moment + 1, int(time.time()) - 3600)
        stamp = datetime.datetime.fromtimestamp(moment, ZONE).strftime("%Y%m%d%H%M%S")
        messages = [
            sender.reading("file", (indicator, station, moment * 1000), round(chance.uniform(5, 150), 2))
            for indicator in ("pm25", "pm10")
        ]
        text = "".join(line(message.record, stamp) for message in messages)
        yield f"{FILE_CODES[station]}_{stamp}.txt", text, messages


def run(orders):
    folder = orders.inbox / "files"
    folder.mkdir(parents=True, exist_ok=True)
    made = files(orders, FILES)
    waiting = []
    while True:
        for path, messages in list(waiting):
            if not path.exists():
                waiting.remove((path, messages))
                for message in messages:
                    orders.journal.acknowledged(message.id)
        if orders.stopping.is_set():
            if not waiting:
                break
            time.sleep(0.1)
            continue
        name, text, messages = next(made)
        path = folder / name
        for message in messages:
            orders.journal.sent(message)
        path.write_text(text)
        waiting.append((path, messages))
        orders.stopping.wait(1 / orders.rate)


if __name__ == "__main__":
    orders = Orders()
    run(orders)
    orders.journal.close()
