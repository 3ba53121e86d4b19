# A table as a spreadsheet in Vietnamese writes it: a point between thousands, a comma before decimals.
def number: gsub("\\."; "") | sub(","; ".") | tonumber;
select(."Chỉ số" != "")
| { subject: ."Mã", indicator: "volume_total", value: (."Chỉ số" | number),
    time: (."Ngày" | parse_time("%d/%m/%Y") + "+07:00") }
