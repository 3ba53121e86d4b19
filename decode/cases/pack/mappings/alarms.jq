# An alarm panel posts all that is on. A zone that tests itself says so.
.zones[] | select(.on)
| { time: .since, host: .name, signature: .sensor, signature_id: .code, severity: .level, source: .ip, source_port: .port,
    protocol: .proto, events: .count, message: .text }
  + (if .test then { kind: "stats" } else {} end) + (.more // {})
