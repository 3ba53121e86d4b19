import { useComputed } from "@preact/signals";
import { chooseSeries, officialColours, open } from "../../address";
import { type Column, at } from "../../csv";
import { number, period } from "../../format";
import { say } from "../../language";
import { bandAt, type Shown, shownAt } from "../../map/bands";
import type { Geometry, Unit } from "../../map/geometry";
import { anchorX, middle, type Placed, place } from "../../map/labels";
import { placedIn, type Size, useGeometry, useRoom } from "../../map/room";
import { Patterns } from "../../map/patterns";
import { Dotted, Hatched } from "../../map/swatch";
import type { Category } from "../../model";
import { pack } from "../../store";
import { isWall } from "../../wall";
import { mapWords } from "../../words/overview";
import { Download } from "../frame/Download";

const MOST_LABELS = 8;

/** The communes by the worst hour of the stations in them; those without one say so. */
export function ProvinceMap() {
  const shown = useGeometry();
  return (
    <section class="panel map" aria-labelledby="map-title">
      <div class="panel-head">
        <h2 id="map-title">{say(mapWords.title)}</h2>
        {!isWall && (
          <button type="button" class="toggle" aria-pressed={officialColours.value} onClick={() => (officialColours.value = !officialColours.value)}>
            {say(mapWords.official)}
          </button>
        )}
      </div>
      {shown.state === "shown" ? (
        <Drawn geometry={shown.geometry} />
      ) : (
        <p class="map-room calm centred">{say(shown.state === "loading" ? mapWords.loading : mapWords.failed)}</p>
      )}
      {shown.state === "shown" && !isWall && <AsTable geometry={shown.geometry} />}
    </section>
  );
}

function Drawn({ geometry }: { geometry: Geometry }) {
  const [room, box] = useRoom(geometry);
  return (
    <>
      <div class="map-room" ref={room}>
        {box && box.width > 0 && <Province geometry={geometry} {...box} />}
      </div>
      <Legend />
    </>
  );
}

function Province({ geometry, width, height, font }: { geometry: Geometry } & Size) {
  const { scale, left, top } = placedIn(geometry, { width, height, font });
  const summary = useComputed(() => summaryOf(geometry));
  return (
    <svg class={`province-map ${officialColours.value ? "official" : ""}`} viewBox={`0 0 ${width} ${height}`} role="group" aria-label={summary.value} data-part="map">
      <Patterns size={font / scale} />
      <g transform={`translate(${left.toFixed(2)} ${top.toFixed(2)}) scale(${scale.toFixed(5)})`}>
        {geometry.units.map((unit) => (
          <Commune key={unit.code} unit={unit} />
        ))}
        <path class="outline" d={geometry.outline} vector-effect="non-scaling-stroke" />
        {geometry.oldBorder !== "" && <path class="old-border" d={geometry.oldBorder} vector-effect="non-scaling-stroke" />}
        {/* Strokes of the urgent ones lie above their neighbours'. */}
        {geometry.units.map((unit) => (
          <Rim key={unit.code} unit={unit} />
        ))}
      </g>
      <Labels geometry={geometry} scale={scale} left={left} top={top} width={width} height={height} font={font} />
    </svg>
  );
}

function categoryOfBand(band: string): Category | null {
  return pack.value?.indices.vn_aqi?.categories.find(({ word }) => word === band) ?? null;
}

/** 0 for the best band; -1 where there is none. */
function rankOf(category: Category | null): number {
  return category ? (pack.value?.indices.vn_aqi?.categories.indexOf(category) ?? -1) : -1;
}

function fillOf(band: string): string {
  const category = categoryOfBand(band);
  if (!category) return band === "stale" ? "url(#stale)" : band === "none" ? "url(#no-station)" : "url(#missing)";
  const calm = !category?.priority;
  if (calm && !officialColours.value) return `var(--calm-${rankOf(category)})`;
  return category.color;
}

/** One commune: painted again when its band changes, and only then. */
function Commune({ unit }: { unit: Unit }) {
  const band = bandAt(unit.code).value;
  const style = { fill: fillOf(band) };
  if (band === "none" || isWall) {
    return (
      <path class={`commune ${band}`} d={unit.path} style={style} data-commune={unit.code} data-band={band} vector-effect="non-scaling-stroke">
        <title>{`${say(unit.name)}: ${band === "none" ? say(mapWords.noStation) : bandWords(band)}`}</title>
      </path>
    );
  }
  const go = () => {
    const { station, series } = shownAt(unit.code).peek();
    if (!station) return;
    chooseSeries(station.id, "vn_aqi");
    if (series?.latest) open("index", "vn_aqi", station.id, "hour", String(series.latest.start));
    else open("station", station.id);
  };
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    go();
  };
  return (
    <path
      class={`commune watched ${band}`}
      d={unit.path}
      style={style}
      role="button"
      tabindex={0}
      aria-label={`${say(unit.name)}: ${bandWords(band)}`}
      data-commune={unit.code}
      data-band={band}
      vector-effect="non-scaling-stroke"
      onClick={go}
      onKeyDown={press}
    />
  );
}

/** A bright rim that grows with the band: severity is seen without colour. */
function Rim({ unit }: { unit: Unit }) {
  const category = categoryOfBand(bandAt(unit.code).value);
  const above = rankOf(category) - 1;
  if (!category?.priority) return null;
  return <path class={`rim rim-${Math.min(4, above)}`} d={unit.path} vector-effect="non-scaling-stroke" />;
}

function bandWords(band: string): string {
  const category = categoryOfBand(band);
  if (category) return `VN_AQI ${say(category.name)}`;
  return say(band === "stale" ? mapWords.stale : band === "none" ? mapWords.noStation : mapWords.noValue);
}

interface Named {
  unit: Unit;
  shown: Shown;
  lines: [string, string];
  hot: boolean;
  value: number;
}

/** Communes with stations, the worst first. */
function named(geometry: Geometry): Named[] {
  return geometry.units
    .map((unit) => ({ unit, shown: shownAt(unit.code).value }))
    .filter(({ shown }) => shown.station !== null)
    .map(({ unit, shown }) => {
      const category = categoryOfBand(shown.band);
      const value = shown.series?.latest?.value ?? null;
      const said = value === null || !category ? bandWords(shown.band) : `${number(value)} ${say(category.name)}`;
      // The kind of unit is no news on a map: "Phường Tân Ninh" is "Tân Ninh" there.
      const name = say(unit.name).replace(/^(Phường|Xã|Đặc khu) /, "");
      return {
        unit,
        shown,
        lines: [name, said] as [string, string],
        hot: Boolean(category?.priority),
        value: category ? (value ?? 0) : -1,
      };
    })
    .sort((a, b) => b.value - a.value);
}

let ruler: CanvasRenderingContext2D | null = null;

function widthOf(text: string, font: number, weight: number): number {
  ruler ??= document.createElement("canvas").getContext("2d");
  if (!ruler) return text.length * font * 0.6;
  ruler.font = `${weight} ${font}px "Inter Variable", sans-serif`;
  return ruler.measureText(text).width;
}

interface LabelsProps extends Size {
  geometry: Geometry;
  scale: number;
  left: number;
  top: number;
}

function Labels({ geometry, scale, left, top, width, height, font }: LabelsProps) {
  const all = named(geometry);
  const small = isWall ? font : font * 0.92;
  const wanted = all.slice(0, MOST_LABELS).map(({ unit, lines }) => ({
    key: unit.code,
    x: left + unit.x * scale,
    y: top + unit.y * scale,
    width: Math.max(widthOf(lines[0], small, 600), widthOf(lines[1], small, 600)) + 2,
    height: small * 2.3,
  }));
  const span = (y: number): [number, number] | null => {
    const row = geometry.silhouette[Math.round((y - top) / scale)];
    return row ? [left + row[0] * scale, left + row[1] * scale] : null;
  };
  const placed = place(wanted, { width, height, gap: font * 0.7, span });
  return (
    <g class="labels" aria-hidden="true">
      {wanted.map(({ key, x, y }) => (
        <circle key={key} class="station-dot" cx={x} cy={y} r={font * 0.22} />
      ))}
      {placed.map((label) => {
        const named = all.find(({ unit }) => unit.code === label.key);
        return named && <Label key={label.key} label={label} named={named} small={small} />;
      })}
    </g>
  );
}

function Label({ label, named, small }: { label: Placed; named: Named; small: number }) {
  const end = label.side === "left" ? label.left + label.width : label.left;
  const anchor = label.side === "left" ? "end" : "start";
  return (
    <g class={`place-label ${named.hot ? "hot" : ""} ${named.shown.band}`} data-label={label.key}>
      <path class="leader" d={`M${label.x} ${label.y}L${anchorX(label) + (label.side === "left" ? 3 : -3)} ${middle(label)}`} />
      <text x={end} y={label.top + small} text-anchor={anchor} style={{ fontSize: `${small}px` }}>
        <tspan>{named.lines[0]}</tspan>
        <tspan class="label-value" x={end} dy={small * 1.15}>
          {named.lines[1]}
        </tspan>
      </text>
    </g>
  );
}

function Legend() {
  const categories = pack.value?.indices.vn_aqi?.categories ?? [];
  return (
    <div class="legend" role="group" aria-label={say(mapWords.legend)}>
      <ul>
        {categories.map((category) => (
          <li key={category.word}>
            <Swatch band={category.word} />
            {number(category.from)}–{number(category.to)}
            <span class="legend-name"> {say(category.name)}</span>
          </li>
        ))}
        <li>
          <Dotted />
          {say(mapWords.noStation)}
        </li>
        <li>
          <Hatched />
          {say(mapWords.stale)}
        </li>
        <li>
          <svg class="swatch" viewBox="0 0 16 12" aria-hidden="true" focusable="false">
            <path class="old-border" d="M0 6H16" />
          </svg>
          {say(mapWords.oldBorder)}
        </li>
      </ul>
    </div>
  );
}

function Swatch({ band }: { band: string }) {
  const rank = rankOf(categoryOfBand(band)) - 1;
  return (
    <svg class="swatch" viewBox="0 0 16 12" aria-hidden="true" focusable="false">
      <rect width="16" height="12" style={{ fill: fillOf(band) }} />
      {rank > 0 && <rect class={`rim rim-${Math.min(4, rank)}`} x="1" y="1" width="14" height="10" />}
    </svg>
  );
}

function summaryOf(geometry: Geometry): string {
  const all = named(geometry);
  const told = all.slice(0, 5).map(({ lines }) => `${lines[0]}: ${lines[1]}`);
  const without = geometry.units.length - all.length;
  return say({
    vi: `Bản đồ ${geometry.units.length} xã, phường theo VN_AQI giờ. ${told.join("; ")}. ${without} xã, phường không có trạm.`,
    en: `Map of ${geometry.units.length} communes by hourly VN_AQI. ${told.join("; ")}. ${without} communes have no station.`,
  });
}

function columns(): Column<Named>[] {
  const latest = ({ shown }: Named) => shown.series?.latest;
  return [
    [say(mapWords.commune), ({ unit }) => say(unit.name)],
    [say(mapWords.stationWord), ({ shown }) => shown.station && say(shown.station.name)],
    ["VN_AQI", (row) => latest(row)?.value],
    [say(mapWords.category), ({ shown }) => bandWords(shown.band).replace("VN_AQI ", "")],
    [say(mapWords.hour), (row) => at(latest(row)?.start)],
  ];
}

function AsTable({ geometry }: { geometry: Geometry }) {
  const all = named(geometry);
  return (
    <details class="as-table">
      <summary>
        {say(mapWords.asTable)}{" "}
        <span class="calm">
          {say({
            vi: `${number(all.length)}/${number(geometry.units.length)} xã, phường có trạm`,
            en: `${number(all.length)} of ${number(geometry.units.length)} communes have a station`,
          })}
        </span>
      </summary>
      <div class="scroll" tabIndex={0} role="region" aria-labelledby="map-title">
        <table>
          <thead>
            <tr>
              <th scope="col">{say(mapWords.commune)}</th>
              <th scope="col">{say(mapWords.stationWord)}</th>
              <th scope="col" class="figure">
                VN_AQI
              </th>
              <th scope="col">{say(mapWords.category)}</th>
              <th scope="col">{say(mapWords.hour)}</th>
            </tr>
          </thead>
          <tbody>
            {all.map(({ unit, shown }) => (
              <tr key={unit.code}>
                <th scope="row">{say(unit.name)}</th>
                <td>{shown.station ? say(shown.station.name) : ""}</td>
                <td class="figure">{shown.series?.latest?.value == null ? "—" : number(shown.series.latest.value)}</td>
                <td>{bandWords(shown.band).replace("VN_AQI ", "")}</td>
                <td>{shown.series?.latest ? period("hour", shown.series.latest.start, shown.series.latest.end) : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <Download name="communes" of={say(mapWords.title)} columns={columns()} rows={() => all} />
      </div>
    </details>
  );
}
