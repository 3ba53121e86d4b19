// The pack's TopoJSON as paths. At 11° north a plate carrée with the cosine of the latitude is the projection.

import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import type { Text } from "../model";

export interface Unit {
  code: string;
  name: Text;
  /** Path in the map's own units. */
  path: string;
  /** Where a label's line begins. */
  x: number;
  y: number;
}

export interface Geometry {
  width: number;
  height: number;
  units: Unit[];
  outline: string;
  /** The border between the provinces that were merged; empty where there is none. */
  oldBorder: string;
  /** For each row of the map's height, the leftmost and rightmost x of the province; null for rows without. */
  silhouette: ([number, number] | null)[];
}

interface Commune {
  code: string;
  name: string;
  en: string;
  cx: number;
  cy: number;
}

type Ring = number[][];

/** Width of the map in its own units; the height follows from the province. */
const WIDTH = 1000;

export function geometryOf(topology: Topology): Geometry {
  const { communes, province, old_provinces } = topology.objects as Record<string, GeometryCollection | undefined>;
  if (!communes || !province) throw new Error("map: no communes or no province");
  const units = feature(topology, communes as GeometryCollection<Commune>).features;
  const outline = mesh(topology, province);
  const oldBorder = old_provinces ? mesh(topology, old_provinces, (one, other) => one !== other) : null;

  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const line of outline.coordinates) {
    for (const [lon = 0, lat = 0] of line) {
      west = Math.min(west, lon);
      east = Math.max(east, lon);
      south = Math.min(south, lat);
      north = Math.max(north, lat);
    }
  }
  const squeeze = Math.cos(((south + north) / 2) * (Math.PI / 180));
  const scale = WIDTH / ((east - west) * squeeze);
  const x = (lon: number) => (lon - west) * squeeze * scale;
  const y = (lat: number) => (north - lat) * scale;
  const height = (north - south) * scale;

  const path = (lines: Ring[], closed: boolean) =>
    lines
      .map((line) => `M${line.map(([lon = 0, lat = 0]) => `${x(lon).toFixed(1)} ${y(lat).toFixed(1)}`).join("L")}${closed ? "Z" : ""}`)
      .join("");

  return {
    width: WIDTH,
    height,
    units: units.map(({ properties, geometry }) => ({
      code: properties.code,
      name: { vi: properties.name, en: properties.en },
      path: path(ringsOf(geometry), true),
      x: x(properties.cx),
      y: y(properties.cy),
    })),
    outline: path(outline.coordinates, false),
    oldBorder: oldBorder ? path(oldBorder.coordinates, false) : "",
    silhouette: silhouetteOf(outline.coordinates, x, y, height),
  };
}

function ringsOf(geometry: { type: string; coordinates?: unknown }): Ring[] {
  if (geometry.type === "Polygon") return geometry.coordinates as Ring[];
  return geometry.type === "MultiPolygon" ? (geometry.coordinates as Ring[][]).flat() : [];
}

function silhouetteOf(lines: Ring[], x: (lon: number) => number, y: (lat: number) => number, height: number) {
  const rows: ([number, number] | null)[] = Array.from({ length: Math.ceil(height) + 1 }, () => null);
  for (const line of lines) {
    for (let i = 1; i < line.length; i++) {
      const [fromX, fromY] = [x(line[i - 1]?.[0] ?? 0), y(line[i - 1]?.[1] ?? 0)];
      const [toX, toY] = [x(line[i]?.[0] ?? 0), y(line[i]?.[1] ?? 0)];
      const steps = Math.max(1, Math.ceil(Math.abs(toY - fromY)));
      for (let step = 0; step <= steps; step++) {
        const at = step / steps;
        const row = Math.round(fromY + at * (toY - fromY));
        const px = fromX + at * (toX - fromX);
        const known = rows[row];
        rows[row] = known ? [Math.min(known[0], px), Math.max(known[1], px)] : [px, px];
      }
    }
  }
  return rows;
}
