# A lock's log: a line an opening. What opens twice at once is told by the number of the card.
select(.op != "heartbeat")
| { time: (.at | parse_time("%d/%m/%Y %H:%M:%S")),
    log_source: .lock,
    user: .card.owner,
    category: .op,
    decided: .result,
    severity: .level,
    message: .note,
    id: (.card.number | if . == null then null else tostring end),
    attributes: { door: .door, card: .card.number } }
| if .decided == "twice" then ., . else . end
