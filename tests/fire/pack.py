"""The province that burns: the tests' small pack with stations, limits and rules enough for indices and alerts."""

import json
import pathlib
import shutil

from ioc import PACK

AIR = ["pm25", "pm10", "no2", "o3", "so2", "co"]
WATER = ["ph", "do", "temperature", "cod", "nh4", "coliform"]
RIVER = "RIVER"
# Sends the present, one call of mosquitto_pub a reading; its silences are the kills' own.
LIVE = "LIVE1"
# Sends rows of days that are long past.
LATE = "LATE1"
# Drops files.
FILES = "FILES1"
# Sends its files by FTP.
FTP = "FTP1"
FILE_CODES = {FILES: "TN_TEST_FILES1", FTP: "TN_TEST_FTP1"}
# Milliseconds an earlier row may come behind a later one of its station, by feed.
LATENESS = {"gateway": 300_000, "files": 900_000}

# What log sources may be silent for, in milliseconds, and the share of packets that a sensor may drop.
SILENT_AFTER, BLIND_ABOVE = 900_000, 0.1
# How late lines may be, by log source; whether it may be silent; by what it is known.
LOG_SOURCES = {
    "ids-fire": (0, True, 'hosts = ["ids-fire"]'),
    "ids-now": (0, True, 'hosts = ["ids-now"]'),
    "srv-fire": (300_000, True, 'hosts = ["srv-fire"]'),
    "fw-fire": (60_000, False, 'addresses = ["127.0.0.7"]'),
}
# Where the firewall sends from.
FIREWALL_ADDRESS = "127.0.0.7"
LOG_FEEDS = {
    "sensors": ('kind = "http"', "eve", "0s"),
    "logins": ('kind = "http"', "syslog_lines", "5m"),
    "frames": ('kind = "syslog", from = ["127.0.0.0/28"]', "syslog", "1m"),
}
# Who reports in forms, of what, in which: of one what a message leaves out stays, of the other it is taken back.
COMMUNES = {"25459": "phường Tân Ninh", "25486": "xã Tân Biên", "25489": "xã Tân Lập"}
FORM_INDICATORS = {"F01": "Hồ sơ tiếp nhận", "F02": "Hồ sơ đúng hạn", "F03": "Hộ nghèo", "F04": "Trẻ em tiêm đủ mũi"}
KEEPING, WITHDRAWING = "fire-k", "fire-w"
# Another agency, whose word on a commune's cell stands beside it.
OFFICE = "so-fire"
REPORT_FEED = "reports"
# Both forms are owed by each commune: on the 28th of the month behind the next, so that the last of the months that are
# reported is in time and the others are late.
OWED_SINCE = (2025, 7)
OBLIGATION = """
[{form}]
form = "{form}"
valid_from = {year}-{month:02}-01
due = {{ day = 28, months = 2, at = "17:00", on_day_off = "stays" }}
"""
# So many of a year that came late or not at all raise an alert.
REMINDED_AT = 3
REMINDED = "reminded"
REMINDERS = f"""
[{REMINDED}]
name = {{ vi = "Nhiều báo cáo trễ hạn", en = "Many late reports" }}
step = {{ vi = "Gọi đơn vị", en = "Call the agency" }}
priority = "low"
condition = {{ kind = "reminders", reach = {REMINDED_AT} }}
"""
# What is counted: of which kinds, how bad at the least, in which windows.
WHOLE = ("minute", "hour", "day")
CARRIED = "flow.bytes_toserver"
MEASURES = {
    "attacks": ("events", ("alert", "block"), None, WHOLE),
    "grave": ("events", (), "high", WHOLE[1:]),
    "failed_logins": ("attempts", (), None, WHOLE),
    "log_lines": ("lines", (), None, WHOLE[1:]),
    "attackers": ("sources", (), None, WHOLE[1:]),
    "attacked": ("targets", ("alert",), None, WHOLE[1:]),
    # What an attribute says, added up; and one number for each severity.
    "carried": ("sum", ("flow",), None, WHOLE),
    "graded": ("events by severity", ("alert",), None, WHOLE[1:2]),
}

INDICATOR = """
[{name}]
symbol = "{name}"
name = {{ vi = "{name}", en = "{name}" }}
unit = "{unit}"
min = 0
max = 200000
decimals = 1
no_value = []
windows = ["minute", "hour", "day"]
"""
UNITS = {
    "so2": "ug/m3", "co": "ug/m3", "ph": "-", "do": "mg/L", "temperature": "oC", "cod": "mg/L", "nh4": "mg/L",
    "coliform": "MPN/100mL",
}

STATION = """
[{name}]
name = {{ vi = "Trạm {name}", en = "Station {name}" }}
kind = "{kind}"
place = {{ code = "25459", valid_from = 2025-07-01 }}
valid_from = 2025-07-01
measures = {{ {measures} }}
{more}
"""

LIMIT = """
[{name}]
standard = "QCVN 05:2023/BTNMT"
indicator = "{indicator}"
averaging = "{averaging}"
high = {high}
kinds = ["ambient_air"]
valid_from = 2023-09-12
"""
LIMITS = [("no2", "hour", 200), ("so2", "day", 125), ("o3", "eight_hours", 120), ("pm25", "day", 45)]

RULE = """
[{name}]
name = {{ vi = "{name}", en = "{name}" }}
step = {{ vi = "Gọi trạm", en = "Call the station" }}
priority = "high"
kinds = [{kinds}]
{windows}condition = {{ {condition} }}
"""
STATIONS, RIVERS = '"ambient_air"', '"surface_water"'
TWO = "raise_windows = 2\nclear_windows = 2\n"
RULES = {
    "dust-high": (STATIONS, "", 'kind = "indicator", indicator = "pm25", averaging = "hour", above = 90, clear = 70'),
    "aqi-bad": (STATIONS, TWO, 'kind = "index", index = "vn_aqi", averaging = "hour", above = 150, clear = 140'),
    "no2-high": (STATIONS, TWO, 'kind = "limit", indicator = "no2", averaging = "hour", clear_share = 0.9'),
    "river-bad": (RIVERS, "", 'kind = "index", index = "vn_wqi", averaging = "hour", below = 40, clear = 45'),
    "silent": (f"{STATIONS}, {RIVERS}", "", 'kind = "status", statuses = ["silent"], lasting = "1s"'),
}

LOG_FEED = """
[{name}]
name = {{ vi = "{name}", en = "{name}" }}
owner = {{ vi = "Đơn vị thử nghiệm", en = "Test agency" }}
transport = {{ {transport} }}
format = "{format}"
silent_after = "10m"
contract = {{ lateness = "{lateness}", patience = "3660d" }}
"""
LOG_SOURCE = """
[{name}]
name = {{ vi = "Máy {name}", en = "Machine {name}" }}
owner = {{ vi = "Đơn vị thử nghiệm", en = "Test agency" }}
blind_above = {blind}
{known}
{silent}
"""
MEASURE = """
[{name}]
name = {{ vi = "{name}", en = "{name}" }}
{count}
windows = {windows}
{more}
"""
LOG_RULES = """
[sensor-blind]
name = { vi = "Cảm biến không quan sát đủ", en = "A sensor sees too little" }
step = { vi = "Xem cảm biến", en = "See the sensor" }
priority = "high"
log_sources = ["*"]
condition = { kind = "status", statuses = ["error"] }

[many-attacks]
name = { vi = "Nhiều cảnh báo", en = "Many alerts" }
step = { vi = "Xem cảnh báo", en = "See the alerts" }
priority = "low"
log_sources = ["ids-fire", "fw-fire"]
condition = { kind = "measure", measure = "attacks", averaging = "hour", above = 10, clear = 8 }

[many-attempts]
name = { vi = "Nhiều lượt thất bại", en = "Many attempts" }
step = { vi = "Xem máy chủ", en = "See the server" }
priority = "high"
log_sources = ["*"]
condition = { kind = "measure", measure = "failed_logins", averaging = "hour", above = 15 }

[guessing]
name = { vi = "Dò mật khẩu", en = "Guessing passwords" }
step = { vi = "Xem địa chỉ", en = "See the address" }
priority = "high"
condition = { kind = "events", count = "attempts", by = "from", reach = 5, within = "10m" }

[scanning]
name = { vi = "Dò quét", en = "Scanning" }
step = { vi = "Xem mạng", en = "See the network" }
priority = "low"
condition = { kind = "events", count = "targets", by = "network", kinds = ["block"], reach = 5, within = "6h" }
"""

AGENCIES = f"id,name_vi,name_en,place\n{OFFICE},Sở Thử nghiệm,Test department,80\n"
# Two communes will be others: a share of one of them comes to the other. And all were others before: one was two, one was the
# same, one was a part of another. So what is reported is read on those maps, too.
NEXT_MAP, LAST_MAP = "2030-01-01", "2025-06-30"
OLD_PROVINCE, OLD_DISTRICT, GROUP = "72", "703", "fire-old"
REPORT_PLACES = f"""{OLD_PROVINCE},1970-01-01,{LAST_MAP},province,Tỉnh Tây Ninh,Tay Ninh,,,,
{OLD_DISTRICT},1970-01-01,{LAST_MAP},district,Thành phố Tây Ninh,Tay Ninh,{OLD_PROVINCE},,,
704,1970-01-01,{LAST_MAP},district,Huyện Tân Biên,Tan Bien,{OLD_PROVINCE},,,
25456,1970-01-01,{LAST_MAP},ward,Phường 1,Ward 1,{OLD_DISTRICT},,,
25459,1970-01-01,{LAST_MAP},ward,Phường 3,Ward 3,{OLD_DISTRICT},,,
25486,1970-01-01,{LAST_MAP},township,Thị trấn Tân Biên,Tan Bien,704,,,
25492,1970-01-01,{LAST_MAP},commune,Xã Tân Bình,Tan Binh,704,,,
79,2025-07-01,,province,Thành phố Hồ Chí Minh,Ho Chi Minh City,,,,
25495,2025-07-01,,commune,Xã Thạnh Tây,Thanh Tay,79,,,
25486,2025-07-01,2029-12-31,commune,Xã Tân Biên,Tan Bien,80,,,
25489,2025-07-01,2029-12-31,commune,Xã Tân Lập,Tan Lap,80,,,
25486,{NEXT_MAP},,commune,Xã Tân Biên,Tan Bien,80,,,
25489,{NEXT_MAP},,commune,Xã Tân Lập,Tan Lap,80,,,
"""
SUCCESSIONS = f"""from_code,from_valid_from,to_code,to_valid_from,split,main,weight,estimated
{OLD_PROVINCE},1970-01-01,80,2025-07-01,false,true,1,false
25456,1970-01-01,25459,2025-07-01,false,true,1,false
25459,1970-01-01,25459,2025-07-01,false,true,1,false
25486,1970-01-01,25486,2025-07-01,false,true,1,false
25492,1970-01-01,25489,2025-07-01,true,true,0.7,true
25492,1970-01-01,25495,2025-07-01,true,false,0.3,true
25486,2025-07-01,25486,{NEXT_MAP},true,false,0.4,true
25486,2025-07-01,25489,{NEXT_MAP},true,true,0.6,true
25489,2025-07-01,25489,{NEXT_MAP},false,true,1,false
"""
GROUPS = f"id,name_vi,name_en,of_code,of_valid_from\n{GROUP},Tân Ninh cũ,Old Tan Ninh,{OLD_DISTRICT},1970-01-01\n"
REPORTS = """
[reports]
name = { vi = "Báo cáo", en = "Reports" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "http" }
format = "table"
forms = ["fire-k", "fire-w"]
silent_after = "3660d"
contract = { max_bytes = 1048576, max_age = "3660d" }
"""
FORM = """
[{name}]
name = {{ vi = "Biểu {name}", en = "Form {name}" }}
titles = ["*{title}*"]
period = "month"
owner = "place"
absent = "{absent}"
decimal = ","
places = {{ kinds = ["commune", "ward"], below = ["80"] }}
marks = {{ "-" = "none", "x" = "withheld", "*" = "preliminary" }}
columns = [
    {{ id = "code", role = "indicator", name = {{ vi = "Mã chỉ tiêu", en = "Code" }}, required = true }},
    {{ id = "name", role = "ignored", name = {{ vi = "Chỉ tiêu", en = "Indicator" }} }},
    {{ id = "value", role = "value", name = {{ vi = "Giá trị", en = "Value" }} }},
]
"""
FORM_INDICATOR = """
[{form}.indicators.{name}]
name = {{ vi = "{label}", en = "{name}" }}
unit = "đơn vị"
additive = {additive}
"""
# Of what may not be added up, and of a share, other maps say other things.
NOT_ADDITIVE, SHARE = "F04", ("share", "F02", "F01")
FORM_SHARE = """
[{form}.indicators.{name}]
name = {{ vi = "Tỷ lệ đúng hạn", en = "Share in time" }}
unit = "%"
percent = true
ratio = ["{numerator}", "{denominator}"]
"""

# What the decrees leave open.
INDICES = """
[indices]
vn_aqi = { gaps = "normalised" }
vn_wqi = { aggregate = "square_root", least_groups = 3, least_group_iv = 3 }
"""


def is_river(station):
    return station.endswith(RIVER)


def indicators_of(station):
    return WATER if is_river(station) else AIR


def station(name, measures, more, kind="ambient_air"):
    return STATION.format(name=name, measures=measures, more=more, kind=kind)


def write(folder, scale):
    """The pack of a run of that scale."""
    folder = pathlib.Path(folder)
    shutil.copytree(PACK, folder)
    feeds = (folder / "feeds.toml").read_text(encoding="utf-8")
    # Nothing closes because time passed: what is closed follows from the journals alone.
    (folder / "feeds.toml").write_text(feeds.replace('patience = "3h"', 'patience = "3660d"'), encoding="utf-8")
    with open(folder / "indicators.toml", "a", encoding="utf-8") as indicators:
        for name, unit in UNITS.items():
            indicators.write(INDICATOR.format(name=name, unit=unit))
    with open(folder / "pack.toml", "a", encoding="utf-8") as pack:
        pack.write(INDICES)
    # Their past catches up with the present: silent at first, then late, then good, by the recorded clock.
    ages = f'late_after = "{scale.days // 2}d"\nsilent_after = "{scale.days - 2}d"'
    text = ""
    for name in scale.every_station():
        measures = ", ".join(f'{indicator} = "{scale.cadence // 1000}s"' for indicator in indicators_of(name))
        text += station(name, measures, ages, "surface_water" if is_river(name) else "ambient_air")
    text += station(LIVE, 'pm25 = "1s"', 'late_after = "2s"\nsilent_after = "3s"')
    text += station(LATE, 'pm25 = "1d"', ages)
    for name, code in FILE_CODES.items():
        files = f'file_codes = ["{code}"]\nlate_after = "10s"\nsilent_after = "20s"'
        text += station(name, 'pm25 = "1s", pm10 = "1s"', files)
    (folder / "stations.toml").write_text(text, encoding="utf-8")
    limits = [
        LIMIT.format(name=f"{indicator}-limit", indicator=indicator, averaging=averaging, high=high)
        for indicator, averaging, high in LIMITS
    ]
    (folder / "limits.toml").write_text("".join(limits), encoding="utf-8")
    rules = [
        RULE.format(name=name, kinds=kinds, windows=windows, condition=condition)
        for name, (kinds, windows, condition) in RULES.items()
    ]
    (folder / "rules.toml").write_text("".join(rules) + LOG_RULES + REMINDERS, encoding="utf-8")
    write_log_sources(folder)
    write_forms(folder)
    return folder


def write_forms(folder):
    """What agencies report, and who they are."""
    for file, text in (("feeds.toml", REPORTS), ("places.csv", REPORT_PLACES)):
        with open(folder / file, "a", encoding="utf-8") as there:
            there.write(text)
    (folder / "agencies.csv").write_text(AGENCIES, encoding="utf-8")
    (folder / "successions.csv").write_text(SUCCESSIONS, encoding="utf-8")
    (folder / "groups.csv").write_text(GROUPS, encoding="utf-8")
    text = ""
    for form, absent in ((KEEPING, "keeps"), (WITHDRAWING, "withdraws")):
        text += FORM.format(name=form, title=form.upper(), absent=absent)
        for name, label in FORM_INDICATORS.items():
            text += FORM_INDICATOR.format(form=form, name=name, label=label, additive=str(name != NOT_ADDITIVE).lower())
        name, numerator, denominator = SHARE
        text += FORM_SHARE.format(form=form, name=name, numerator=numerator, denominator=denominator)
    (folder / "forms.toml").write_text(text, encoding="utf-8")
    year, month = OWED_SINCE
    owed = "".join(OBLIGATION.format(form=form, year=year, month=month) for form in (KEEPING, WITHDRAWING))
    (folder / "obligations.toml").write_text(owed, encoding="utf-8")


def write_log_sources(folder):
    """Who reports events, how they come, and what is counted of them."""
    with open(folder / "feeds.toml", "a", encoding="utf-8") as feeds:
        for name, (transport, form, lateness) in LOG_FEEDS.items():
            feeds.write(LOG_FEED.format(name=name, transport=transport, format=form, lateness=lateness))
    text = ""
    for name, (_, may_not_be_silent, known) in LOG_SOURCES.items():
        silent = f'silent_after = "{SILENT_AFTER // 1000}s"' if may_not_be_silent else ""
        text += LOG_SOURCE.format(name=name, blind=BLIND_ABOVE, known=known, silent=silent)
    (folder / "log_sources.toml").write_text(text, encoding="utf-8")
    text = ""
    for name, (count, kinds, severity, windows) in MEASURES.items():
        more = f"kinds = {json.dumps(kinds)}\n" if kinds else ""
        more += f'severity = "{severity}"' if severity else ""
        what, _, by = count.partition(" by ")
        count = f'sum = "{CARRIED}"\nunit = "B"' if what == "sum" else f'count = "{what}"'
        more += f'\nby = "{by}"' if by else ""
        text += MEASURE.format(name=name, count=count, windows=json.dumps(windows), more=more)
    (folder / "measures.toml").write_text(text, encoding="utf-8")
