#!/usr/bin/env bash
# Measures what the product does on this machine and prints one JSON line a case. benches/RESULTS.md has the figures
# of a reference machine with method and date. Servers listen on loopback; load is bounded in time and count.
set -euo pipefail
cd "$(dirname "$0")/.."

EVENTS=${EVENTS:-4000000}
SECONDS_OF_LOAD=${SECONDS_OF_LOAD:-15}

cargo build --release --locked
cargo bench --no-run --locked

echo "# W1: bus to windows, $EVENTS events" >&2
for workers in 1 2; do
    cargo bench --quiet --locked --bench w1 -- "$EVENTS" "$workers"
done

folder=$(mktemp -d)
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
export IOC_DATA_FOLDER="$folder/data" IOC_LOG_FILTER=warn
export IOC_HTTP_LISTEN="127.0.0.1:$(port)" IOC_MQTT_LISTEN="127.0.0.1:$(port)" IOC_CLICKHOUSE_LISTEN="127.0.0.1:$(port)"
secret=$(target/release/ioc sender add load --feed air-mqtt | awk '$1 == "password" {print $2}')
began=$(date +%s%N)
target/release/ioc up >"$folder/ioc.log" 2>&1 &
ioc=$!
# The server ends by its process id, and its ClickHouse child with it.
trap 'kill "$ioc" 2>/dev/null || true; wait "$ioc" 2>/dev/null || true; rm -rf "$folder"' EXIT
until curl --silent --fail "http://$IOC_HTTP_LISTEN/readyz" >/dev/null; do sleep 0.05; done
ready=$(date +%s%N)

memory() { # of the process and its children, in MB: resident, and private plus shared once (PSS)
    for pid in "$ioc" $(pgrep -P "$ioc"); do
        awk -v pid="$pid" '/^Rss/ {rss = $2} /^Pss:/ {pss = $2} END {print rss, pss}' "/proc/$pid/smaps_rollup"
    done | awk '{rss += $1; pss += $2} END {printf "\"rss_mb\":%d,\"pss_mb\":%d", rss / 1024, pss / 1024}'
}
sleep 20
echo "{\"bench\":\"idle\",\"first_start_to_ready_s\":$(awk "BEGIN {print ($ready - $began) / 1e9}"),$(memory)}"

echo "# MQTT QoS 1, 200 B, acknowledged after fsync" >&2
cargo bench --quiet --locked --bench mqtt_load -- "$IOC_MQTT_LISTEN" load "$secret" 100 "$SECONDS_OF_LOAD" 100 200
cargo bench --quiet --locked --bench mqtt_load -- "$IOC_MQTT_LISTEN" load "$secret" 1 5 1 200
echo "{\"bench\":\"after_load\",$(memory)}"
target/release/ioc status >&2 || true

echo "# the page, in Chromium" >&2
(cd dashboards/web && npm ci --ignore-scripts --no-audit --no-fund >/dev/null && npm run --silent bench) | grep -E "^first data|^main thread"
