"""Copies of the bench's pack with more of a real province in them."""

import re
import shutil

from kit.product import PACK, ROOT

PROVINCE = ROOT / "deploy" / "provinces" / "tay-ninh"
STATION = """
[{name}]
name = {{ vi = "Trạm {name}", en = "Station {name}" }}
kind = "ambient_air"
place = {{ code = "25459", valid_from = 2025-07-01 }}
valid_from = 2000-01-01
measures = {{ {measures} }}
"""


def with_indicators(folder):
    """Any subject, and the province's indicators with their hours and days."""
    shutil.copytree(PACK, folder)
    shutil.copy(PROVINCE / "indicators.toml", folder)
    return folder


def with_stations(folder, names, indicators):
    """Every subject an air station of the province: indices, judgements by its limits, states, alerts by its rules."""
    with_indicators(folder)
    for file in ("limits.toml", "rules.toml"):
        sections = re.split(r"^(?=\[)", (PROVINCE / file).read_text(), flags=re.M)
        # Those of one station, or of water, have nobody here.
        (folder / file).write_text("".join(section for section in sections if '"ambient_air"' in section))
    measures = ", ".join(f'{indicator} = "5m"' for indicator in indicators)
    (folder / "stations.toml").write_text("".join(STATION.format(name=name, measures=measures) for name in names))
    feeds = folder / "feeds.toml"
    feeds.write_text(feeds.read_text().replace('subjects = "any"', 'subjects = "listed"'))
    return folder
