# A console of weather stations: one message, many sensors, times of the clock on the wall.
def at: parse_time("%d/%m/%Y %H:%M:%S") + "+07:00";
{ "pm2_5": ["pm25", "ug/m3"], "tempc": ["temperature", "C"], "humidity": ["humidity", null] } as $known
| (.dateutc_local | at) as $time
| .stations[]
| .station as $station
| .sensors[]
| select(.online)
| { device: $station, indicator: ($known[.type][0] // .type), $time, value, unit: $known[.type][1] }
| if .unit == null then del(.unit) else . end
