"""A camera counts people over a threshold: set back at midnight, restarted, with a hiccup and one taken back.

The counts of a day as a camera sent them, moved to the day before yesterday; over MQTT as ONVIF has them, in both of its
shapes, in two orders. What must have been added is worked out here, by another reading of the rule than the product's.
"""

import datetime
import json
import random
import shutil

import pytest
from ioc import PACK, Ioc, eventually
from paho.mqtt.publish import single
from peers import mosquitto_pub

INDICATORS = """
[people]
symbol = "NGUOI_DEM"
name = { vi = "Số đếm qua cửa", en = "Count at the door" }
unit = "people"
decimals = 0
windows = []
counter = {}

[arrivals]
symbol = "LUOT_VAO"
name = { vi = "Lượt người vào", en = "Arrivals" }
unit = "people"
decimals = 0
increase_of = "people"
windows = ["hour", "day"]
"""

STATION = """
[{id}]
name = {{ vi = "Cửa vào", en = "Entrance" }}
kind = "ambient_air"
place = {{ code = "25459", valid_from = 2025-07-01 }}
valid_from = 2025-07-01
measures = {{ people = "15m" }}
devices = ["{id}"]
"""

FEED = """
[cameras]
name = { vi = "Máy ảnh", en = "Cameras" }
owner = { vi = "Đơn vị thử nghiệm", en = "Test agency" }
transport = { kind = "mqtt", topics = ["+/onvif-ej/#"] }
format = "mapped_json"
mapping = "mappings/onvif.jq"
silent_after = "12h"
[cameras.contract]
lateness = "5m"
max_age = "366d"
patience = "3660d"
"""

MAPPING = """
def items: if has("SimpleItem") then .SimpleItem | map({ (.Name): .Value }) | add else . end;
($address | split("/")[0]) as $device
| .UtcTime as $time
| (.Data | items | .Count)
| select(. != null)
| { $device, indicator: "people", $time, value: (tostring | tonumber) }
"""

LOCAL = datetime.timezone(datetime.timedelta(hours=7))
MIDNIGHT = datetime.datetime.now(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0) - datetime.timedelta(days=2)
#: Local time of the day, count.
DAY = [
    ("-00:05:00", 412),
    ("00:05:00", 0),
    ("07:30:00", 12),
    ("08:00:00", 40),
    ("08:15:00", 66),
    ("08:30:00", 95),
    ("08:45:00", 3),
    ("09:00:00", 21),
    ("09:30:00", 0),
    ("09:30:05", 58),
    ("10:00:00", 57),
    ("10:30:00", 70),
]
#: What closes the day.
NEXT = [("24:05:00", 0), ("36:00:00", 20)]


def moment(at):
    hours, minutes, seconds = map(int, at.lstrip("-").split(":"))
    since = datetime.timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return MIDNIGHT + (-since if at.startswith("-") else since)


def additions(counts):
    """Of each count what was added since the one before, and whether that is known; none of a hiccup."""
    counts = sorted((moment(at), value) for at, value in counts)
    added, last, level = [], None, None
    for number, (at, value) in enumerate(counts):
        back = [later for then, later in counts[number + 1 :] if then - at <= datetime.timedelta(minutes=1)]
        if last is None:
            added.append((at, 0, False))
            last = level = value
        elif value < 0.9 * last or value == 0 < last:
            if any(later >= last for later in back):
                continue
            if number + 1 == len(counts):
                break
            added.append((at, value, False))
            last = level = value
        else:
            added.append((at, max(0, value - level), True))
            last, level = value, max(level, value)
    return added


def windows(counts, hours):
    """By the start of each: how many additions are known, and what was added. An addition is of the time before its count."""
    told = {}
    for at, value, known in additions(counts):
        before = (at - datetime.timedelta(milliseconds=1)).astimezone(LOCAL)
        start = before.replace(minute=0, second=0, microsecond=0)
        start = start if hours else start.replace(hour=0)
        count, total = told.get(start, (0, 0))
        told[start] = (count + known, total + value)
    return told


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("counters")
    pack = folder / "pack"
    shutil.copytree(PACK, pack)
    (pack / "mappings").mkdir()
    (pack / "mappings" / "onvif.jq").write_text(MAPPING)
    more = [("indicators.toml", INDICATORS), ("feeds.toml", FEED)]
    more += [("stations.toml", STATION.format(id=id)) for id in ("cam-25459", "cam-25460")]
    for file, text in more:
        with open(pack / file, "a", encoding="utf-8") as file:
            file.write(text)
    ioc = Ioc(folder, pack=pack, IOC_STREAM_HORIZON="2h")
    ioc.password = ioc.add_sender("cams", "cameras")[0]
    ioc.start()
    yield ioc
    ioc.stop()


def send(ioc, camera, counts, shape=0):
    for at, value in counts:
        utc = moment(at).astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        source = {"VideoSource": "1", "AnalyticsConfiguration": "1", "Rule": "Cua vao"}
        data = {"Count": str(value)}
        if shape == 1:
            source = {"SimpleItem": [{"Name": name, "Value": text} for name, text in source.items()]}
            data = {"SimpleItem": [{"Name": "Count", "Value": value}]}
        publish(ioc, camera, json.dumps({"UtcTime": utc, "Source": source, "Data": data}))


def publish(ioc, camera, body):
    topic = f"{camera}/onvif-ej/RuleEngine/CountAggregation/Counter/&1/1/Cua vao"
    # A camera sets the flag of its own property events: that makes them no replay.
    assert mosquitto_pub(ioc, "cams", ioc.password, topic, body, retain=True).returncode == 0


def told(ioc, camera, kind):
    rows = ioc.analyst().query(
        "SELECT start_time, count, sum FROM window_current WHERE indicator = 'arrivals' AND kind = {kind:String} "
        "AND subject = {camera:String} AND received > 0",
        parameters={"kind": kind, "camera": camera},
    )
    return {start.replace(tzinfo=datetime.timezone.utc).astimezone(LOCAL): (count, total) for start, count, total in rows.result_rows}


def as_told(counts, hours, until):
    return {start: figures for start, figures in windows(counts, hours).items() if start < until}


def settled(ioc, camera, counts):
    """Waits until the hours and days that are over are those of the counts."""
    for kind, hours, until in [("hour", True, moment("35:00:00")), ("day", False, moment("24:00:00"))]:
        expected = as_told(counts, hours, until)
        try:
            eventually(lambda: told(ioc, camera, kind) == expected)
        except Exception:
            assert told(ioc, camera, kind) == expected
            raise


def test_batch_a_camera_that_starts_again_hiccups_and_is_late_counted_165_through_a_kill(house):
    assert [added for _, added, _ in additions(DAY)] == [0, 0, 12, 28, 26, 29, 3, 18, 37, 0, 12]
    late = [DAY[4], DAY[9]]
    early = [count for count in DAY if count not in late] + NEXT
    send(house, "cam-25459", early)
    # Without what is late there is a restart instead of a hiccup.
    settled(house, "cam-25459", early)
    house.kill()
    house.start(workers=3)
    send(house, "cam-25459", late + [DAY[3]])
    settled(house, "cam-25459", DAY + NEXT)
    hours = told(house, "cam-25459", "hour")
    assert [hours[moment(f"{hour:02}:00:00")][1] for hour in (7, 8, 9, 10)] == [40, 76, 37, 12]
    assert told(house, "cam-25459", "day")[MIDNIGHT][1] == 165
    # What came between 08:30 and the restart is unknown, and so is what came before midnight.
    assert hours[moment("08:00:00")][0] == 3 and hours[moment("00:00:00")][0] == 0
    revised = house.analyst().query(
        "SELECT toString(closed_by), count() FROM window WHERE indicator = 'arrivals' AND subject = 'cam-25459' AND kind = 'day' "
        f"AND start_time = toDateTime64('{MIDNIGHT.astimezone(datetime.timezone.utc):%Y-%m-%d %H:%M:%S}', 3, 'UTC') GROUP BY 1"
    )
    assert dict(revised.result_rows).get("revision", 0) >= 1, "what was told before can be asked again"


def test_the_counts_are_kept_as_they_came_and_the_day_opens_to_them(house):
    settled(house, "cam-25459", DAY + NEXT)
    rows = house.analyst().query("SELECT value FROM observation_current WHERE subject = 'cam-25459' ORDER BY event_time").result_rows
    assert [value for (value,) in rows] == [value for _, value in DAY + NEXT]
    query = f"indicator=arrivals&subject=cam-25459&kind=day&start={int(MIDNIGHT.timestamp() * 1000)}"
    window = json.loads(house.get(f"/api/lineage/window?{query}"))
    assert window["mean"] == 165
    assert [row["value"] for row in window["rows"]] == [value for _, value in DAY], "from the last count before it to its own last"
    assert {row["indicator"] for row in window["rows"]} == {"people"}
    opened = json.loads(house.get(f"/api/lineage/envelope/{window['rows'][0]['position']}"))
    assert json.loads(opened["text"])["Data"] == {"Count": "412"}
    means = house.analyst().query("SELECT count() FROM window WHERE indicator = 'people'").result_rows
    assert means == [(0,)], "nobody means a mean of counts"


def test_in_any_order_however_often_and_in_the_other_shape_it_is_the_same(house):
    counts = (DAY + NEXT) * 2
    random.Random(7).shuffle(counts)
    send(house, "cam-25460", counts, shape=1)
    settled(house, "cam-25460", DAY + NEXT)
    assert told(house, "cam-25460", "day")[MIDNIGHT][1] == 165
    together = house.analyst().query(
        "SELECT sum(sum) FROM window_current WHERE indicator = 'arrivals' AND kind = 'day' AND start_time = "
        f"toDateTime64('{MIDNIGHT.astimezone(datetime.timezone.utc):%Y-%m-%d %H:%M:%S}', 3, 'UTC')"
    )
    assert together.result_rows == [(330,)], "of two doors the sum of what each added"


def test_a_property_that_was_deleted_is_no_count_and_no_reject(house):
    topic = "cam-25459/onvif-ej/RuleEngine/CountAggregation/Counter/&1/1/Cua vao"
    login = {"username": "cams", "password": house.password}
    single(topic, b"", qos=1, retain=True, hostname="127.0.0.1", port=house.mqtt, auth=login)
    house.wait_drained()
    rejects = house.analyst().query("SELECT count() FROM reject WHERE feed = 'cameras'").result_rows
    assert rejects == [(0,)]
    settled(house, "cam-25459", DAY + NEXT)
