"""Hands a workload to a publisher of another language, one message a line (see `rumqttc.rs`). SIGTERM comes to this one:
the end of its output ends the other."""

import json
import sys

from fire.sender import messages_of, told_to_stop


def main():
    orders = json.loads(sys.argv[1])
    for message in messages_of(orders, told_to_stop()):
        after = "" if message.after is None else message.after
        record = json.dumps(message.record)
        print(message.id, after, message.topic, message.payload.hex(), record, sep="\t")


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        # The publisher ended: nobody reads on. The pipe is gone, so nothing may be flushed into it.
        sys.stdout = None
