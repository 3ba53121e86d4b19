# A logger's lines. One that never ends is there to see what it costs.
if .loop then last(repeat(1)) else . end
| { subject: .s, indicator: "pm25", time: .t, value: (.v | if type == "string" then sub(","; ".") | tonumber else . end) }
