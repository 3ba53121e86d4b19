#!/usr/bin/env python3
"""Makes deploy/provinces/tay-ninh/map.topo.json: make_map.py BOUNDARIES > map.topo.json

BOUNDARIES: TopoJSON of the 96 units since 2025-07-01 and what they dissolve to (objects communes, old_districts,
            old_provinces, province), simplified from thanglequoc/vietnamese-provinces-database (MIT, see NOTICE) with
            mapshaper 0.7: -clean -simplify visvalingam weighted 12% keep-shapes planar, quantization 20000.

Old districts and provinces are dissolved from the new communes, each counted to the one most of it came from: near
enough for drawing, not for statistics. Names are spelled as in places.csv.
"""
import json
import sys

from make_places import spelled


def main(boundaries_path):
    with open(boundaries_path, encoding="utf-8") as file:
        topology = json.load(file)
    for layer in topology["objects"].values():
        for geometry in layer["geometries"]:
            properties = geometry.get("properties", {})
            for key, value in properties.items():
                if isinstance(value, str):
                    properties[key] = spelled(value)
    if len(topology["objects"]["communes"]["geometries"]) != 96:
        sys.exit("expected 96 communes")
    json.dump(topology, sys.stdout, ensure_ascii=False, separators=(",", ":"))
    print()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
