"""ClickHouse as an outside reader sees it, through a client this project did not write."""

import time

import clickhouse_connect


def connect(ioc, user="ioc"):
    return clickhouse_connect.get_client(
        host="127.0.0.1", port=ioc.clickhouse, username=user, password=ioc.password_of(user), database="ioc",
        autogenerate_session_id=False,
    )


def value(client, query):
    return client.query(query).result_rows[0][0]


def parts(client, table):
    return value(client, f"SELECT count() FROM system.parts WHERE active AND database = 'ioc' AND table = '{table}'")


def settle(client, seconds=60):
    """Waits until no merge runs for a second, and says how long that took."""
    began, quiet_since = time.monotonic(), None
    while time.monotonic() - began < seconds:
        if value(client, "SELECT count() FROM system.merges"):
            quiet_since = None
        elif quiet_since is None:
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since > 1:
            break
        time.sleep(0.1)
    return time.monotonic() - began - 1
