# Bytes of a radio: temperature in hundredths, signed, and humidity in halves; the device is in the topic.
($address | split("/")[1]) as $device
| if .type == "join" then empty else . end
| (.data | base64_bytes) as $bytes
| ($bytes[0] * 256 + $bytes[1] | if . >= 32768 then . - 65536 else . end) as $hundredths
| { $device, time: $received_at }
  + ({ indicator: "temperature", value: ($hundredths / 100) }, { indicator: "humidity", value: ($bytes[2] / 2) })
