"""The fire test: the real binary under load by publishers this project did not write, killed at every step.

    pack        the province: stations of the air and of rivers, limits, rules
    workload    what is sent: readings with duplicates, corrections, rows days late, wrong clocks, garbage
    latecomer   rows for days that have left the flow's memory, by what the store shows and not by time
    security    what devices report, each line with what it means
    push, frames    the devices: by HTTP, and by syslog, which acknowledges nothing
    reporting   what agencies report, each message with what it means; reporter sends it
    reached     how far their days have come, as the store shows it
    paho, mosquitto, station_files, station_ftp, rumqttc.rs    who sends it: by TCP, TLS, a WebSocket, files, FTPS
    sender, feed, journal    what they are told, what they are given, what they write down
    crowd       starts and ends them
    killer      the plan of kills, and the proof of where each fell
    recompute   what must have come of it: DuckDB over the journals, not over our rows
    counts      what must have come of events: attempts, and every window of every measure
    store       what came of it: the store's tables and the archive, handed to DuckDB
    check       the one against the other
    devices     the same of events
    reported    the same of reports
    indices     every VN_AQI and VN_WQI worked out again (water)
    unkilled    the same manifests once more, without a kill, into an empty database
    report      what was seen, written down
    run         all of it in order
"""
