import type { ReportIndicator } from "../../api";
import { number, unit } from "../../format";
import { say } from "../../language";
import type { Geometry, Unit } from "../../map/geometry";
import { placedIn, type Size, useGeometry, useRoom } from "../../map/room";
import { Patterns } from "../../map/patterns";
import { Dotted, Hatched } from "../../map/swatch";
import { pack } from "../../store";
import { isWall } from "../../wall";
import { domainWords } from "../../words/domain";
import { mapsWords } from "../../words/maps";
import { mapWords } from "../../words/overview";
import { placeName } from "./names";
import type { PlacedCell } from "./placed";
import { byPlace, numberOf, type Shade, type Shades, shadesOf } from "./shades";

interface Of {
  /** Cells of one indicator and part. */
  cells: PlacedCell[];
  named: ReportIndicator | undefined;
}

const RANKED = 12;

/** The communes by what is reported of them; nothing where it is reported of other places, or of what they were made of. */
export function DomainMap({ cells, named }: Of) {
  const shown = useGeometry();
  if (shown.state !== "shown") return isWall ? null : <p class="panel listed calm">{say(shown.state === "loading" ? mapWords.loading : mapWords.failed)}</p>;
  const { geometry } = shown;
  const of = byPlace(cells, pack.value?.places ?? []);
  if (!geometry.units.some(({ code }) => of.has(code))) return null;
  const shades = shadesOf(geometry.units.map(({ code }) => of.get(code)).filter((cell) => cell !== undefined));
  return (
    <section class="panel map domain-map" aria-labelledby="domain-map-title">
      <h2 id="domain-map-title">
        {say(domainWords.map)}
        {named && (
          <small>
            {" "}
            {say(named.name)}, {unit(named.unit)}
          </small>
        )}
      </h2>
      <Room geometry={geometry} of={of} shades={shades} named={named} />
      <Legend of={shades} decimals={named?.decimals ?? 0} estimated={cells.some(({ estimated }) => estimated)} />
    </section>
  );
}

interface Drawn {
  geometry: Geometry;
  of: Map<string, PlacedCell>;
  shades: Shades;
  named: ReportIndicator | undefined;
}

function Room(drawn: Drawn) {
  const [room, size] = useRoom(drawn.geometry);
  return (
    <div class="map-room" ref={room}>
      {size && size.width > 0 && <Communes {...drawn} {...size} />}
    </div>
  );
}

function Communes({ geometry, of, shades, named, ...size }: Drawn & Size) {
  const { scale, left, top } = placedIn(geometry, size);
  const known = geometry.units.filter(({ code }) => numberOf(of.get(code)) !== null).length;
  const summary = say({
    vi: `Bản đồ ${geometry.units.length} xã, phường: biết ${known}. Số của từng nơi ở bảng bên dưới.`,
    en: `Map of ${geometry.units.length} communes: ${known} known. The number of each is in the table below.`,
  });
  return (
    <svg class="province-map" viewBox={`0 0 ${size.width} ${size.height}`} role="img" aria-label={summary} data-part="domain-map">
      <Patterns size={size.font / scale} />
      <defs>
        <pattern id="estimated" width={size.font / scale / 2} height={size.font / scale / 2} patternUnits="userSpaceOnUse" patternTransform="rotate(90)">
          <rect class="estimated-line" width={size.font / scale / 9} height={size.font / scale / 2} />
        </pattern>
      </defs>
      <g transform={`translate(${left.toFixed(2)} ${top.toFixed(2)}) scale(${scale.toFixed(5)})`}>
        {geometry.units.map((commune) => (
          <Commune key={commune.code} unit={commune} cell={of.get(commune.code)} shade={shades.of(of.get(commune.code))} named={named} />
        ))}
        {geometry.units
          .filter(({ code }) => of.get(code)?.estimated && numberOf(of.get(code)) !== null)
          .map(({ code, path }) => (
            <path key={code} class="estimated-over" d={path} style={{ fill: "url(#estimated)" }} aria-hidden="true" />
          ))}
        <path class="outline" d={geometry.outline} vector-effect="non-scaling-stroke" />
        {geometry.oldBorder !== "" && <path class="old-border" d={geometry.oldBorder} vector-effect="non-scaling-stroke" />}
      </g>
    </svg>
  );
}

const PATTERNS: Partial<Record<Shade, string>> = { "kept-back": "url(#stale)", unknown: "url(#no-station)" };

function Commune({ unit: { code, name, path }, cell, shade, named }: { unit: Unit; cell: PlacedCell | undefined; shade: Shade; named: ReportIndicator | undefined }) {
  const value = numberOf(cell);
  const said = value === null ? say(shade === "kept-back" ? domainWords.withheld : domainWords.unknown) : `${estimatedSign(cell)}${number(value, named?.decimals ?? 0)} ${unit(named?.unit ?? "")}${cell?.estimated ? ` (${say(mapsWords.estimated)})` : ""}`;
  return (
    <path class="commune" d={path} style={{ fill: PATTERNS[shade] ?? `var(--shade-${shade})` }} data-commune={code} data-shade={shade} data-estimated={cell?.estimated} vector-effect="non-scaling-stroke">
      <title>{`${say(name)}: ${said}`}</title>
    </path>
  );
}

function Legend({ of: { steps }, decimals, estimated }: { of: Shades; decimals: number; estimated: boolean }) {
  return (
    <div class="legend" role="group" aria-label={say(domainWords.mapLegend)}>
      <ul>
        {steps.map(([from, to], at) => (
          <li key={at}>
            <svg class="swatch" viewBox="0 0 16 12" aria-hidden="true" focusable="false">
              <rect width="16" height="12" style={{ fill: `var(--shade-${at})` }} />
            </svg>
            {from === to ? number(from, decimals) : `${number(from, decimals)}–${number(to, decimals)}`}
          </li>
        ))}
        <li>
          <Hatched grounded={false} />
          {say(domainWords.withheld)}
        </li>
        <li>
          <Dotted />
          {say(domainWords.unknown)}
        </li>
        {estimated && (
          <li>
            <svg class="swatch" viewBox="0 0 16 12" aria-hidden="true" focusable="false">
              <path class="estimated-swatch" d="M0 2h16M0 6h16M0 10h16" />
            </svg>
            ≈ {say(mapsWords.estimated)}
          </li>
        )}
      </ul>
    </div>
  );
}

function estimatedSign(cell: PlacedCell | undefined): string {
  return cell?.estimated ? "≈ " : "";
}

/** The number of a ranked place, with sign and word where it is estimated. */
export function Ranked({ of: cell, value, decimals }: { of: PlacedCell; value: number; decimals: number }) {
  return (
    <>
      {estimatedSign(cell)}
      {number(value, decimals)}
      {cell.estimated && <small> {say(mapsWords.estimated)}</small>}
    </>
  );
}

/** Places with a number that is shown, the largest first. */
export function ranked(cells: PlacedCell[]): [PlacedCell, number][] {
  const known = cells.map((cell): [PlacedCell, number | null] => [cell, numberOf(cell)]);
  return known.filter((one): one is [PlacedCell, number] => one[1] !== null).sort(([, a], [, b]) => b - a);
}

/** The places with the largest numbers. */
export function Ranking({ cells, named }: Of) {
  const all = ranked(cells);
  const most = Math.max(...all.map(([, value]) => value), 1e-9);
  return (
    <section class="panel listed domain-ranking" aria-labelledby="ranking-title">
      <h2 id="ranking-title">
        {say(domainWords.highest)}
        {named && <small> {unit(named.unit)}</small>}
      </h2>
      {all.length === 0 && <p class="calm">{say(domainWords.noRanking)}</p>}
      <ol>
        {all.slice(0, RANKED).map(([cell, value]) => (
          <li key={`${cell.place}/${cell.place_from}`} data-ranked={cell.place}>
            <span>{placeName(cell)}</span>
            <span class="ranked-value">
              <span class="bar" style={{ width: `${(5 * Math.max(0, value)) / most}rem` }} aria-hidden="true" /> <Ranked of={cell} value={value} decimals={named?.decimals ?? 0} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
