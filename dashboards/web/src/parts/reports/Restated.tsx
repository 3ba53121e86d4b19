import { useState } from "preact/hooks";
import type { ReportCell, ReportIndicator, ReportValues, RestatedCell } from "../../api";
import { decimal, number } from "../../format";
import { say } from "../../language";
import { domainWords } from "../../words/domain";
import { mapsWords, reasonWords } from "../../words/maps";
import { reportWords } from "../../words/reports";
import type { Column } from "../../csv";
import { Download } from "../frame/Download";
import { openReport } from "./chosen";
import { More } from "./More";
import { byName, dayName } from "./names";
import { Said } from "./Said";

const LINES = 150;

interface Of {
  values: ReportValues;
  form: string;
  period: string;
  names: ReportIndicator[];
}

/** What units of a map say, and beneath it what is on none of them. */
export function Restated({ values, form, period, names }: Of) {
  const on = values.restated.filter((of) => of.on_map);
  const off = values.restated.filter((of) => !of.on_map);
  return (
    <>
      {values.map?.map?.to && <p class="calm">{say(mapsWords.before)}</p>}
      <p class="calm">{say(mapsWords.total)}</p>
      {on.length === 0 && !values.more_cells && <p class="calm">{say(mapsWords.none)}</p>}
      {on.length > 0 && <Lines of={on} values={values} names={names} title={say(domainWords.byPlace)} />}
      {off.length > 0 && (
        <>
          <h3 id="off-map-title">{say(mapsWords.onNone)}</h3>
          <p class="calm">{say(mapsWords.onNoneSaid)}</p>
          <Lines of={off} values={values} names={names} title={say(mapsWords.onNone)} />
        </>
      )}
      <Download name={`values-${form}-${period}-${values.map?.map?.from ?? ""}`} of={say(reportWords.values)} columns={columns()} rows={() => values.restated} />
    </>
  );
}

const keyOf = ({ place, place_from }: { place: string; place_from: string }) => `${place}/${place_from}`;
const headOf = ({ indicator, breakdown }: { indicator: string; breakdown: string }) => `${indicator}/${breakdown}`;

function Lines({ of, values, names, title }: { of: RestatedCell[]; values: ReportValues; names: ReportIndicator[]; title: string }) {
  const [shown, show] = useState(LINES);
  const [opened, open] = useState("");
  const order = (cell: RestatedCell) => names.findIndex(({ id }) => id === cell.indicator);
  const heads = [...new Map([...of].sort((a, b) => order(a) - order(b) || byName(a.breakdown, b.breakdown)).map((cell) => [headOf(cell), cell])).values()];
  const lines = new Map<string, Map<string, RestatedCell>>();
  const called = (cell: RestatedCell) => (cell.place_name ? say(cell.place_name) : cell.place);
  for (const cell of [...of].sort((a, b) => byName(called(a), called(b)) || byName(keyOf(a), keyOf(b)))) {
    const line = lines.get(keyOf(cell)) ?? new Map<string, RestatedCell>();
    lines.set(keyOf(cell), line.set(headOf(cell), cell));
  }
  const nameOf = ({ indicator }: RestatedCell) => say(names.find(({ id }) => id === indicator)?.name ?? { vi: indicator, en: indicator });
  const partOf = ({ indicator, breakdown }: RestatedCell) => {
    const cell = values.cells.find((one) => one.breakdown === breakdown && (one.indicator === indicator || one.part_name));
    return breakdown === "" ? "" : cell?.part_name ? say(cell.part_name) : breakdown;
  };
  return (
    <>
      <div class="clients-table" role="group" aria-label={title} tabIndex={0}>
        <table class="matrix restated">
          <thead>
            <tr>
              <th scope="col">{say(reportWords.place)}</th>
              {heads.map((head) => (
                <th key={headOf(head)} scope="col" class="figure">
                  {nameOf(head)}
                  {head.breakdown !== "" && <small> {partOf(head)}</small>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {[...lines].slice(0, shown).map(([key, line]) => {
              const [first] = line.values();
              if (!first) return null;
              return (
                <>
                  <tr key={key} data-place={first.place}>
                    <th scope="row">
                      {called(first)} <small>{first.on_map ? first.place : `${first.place} ${say(reportWords.since)} ${dayName(first.place_from)}`}</small>
                    </th>
                    {heads.map((head) => (
                      <td key={headOf(head)} class="figure" data-title={[nameOf(head), partOf(head)].filter(Boolean).join(" · ")} data-value={headOf(head)}>
                        <One of={line.get(headOf(head))} decimals={names.find(({ id }) => id === head.indicator)?.decimals ?? 0} isOpen={opened === `${key}/${headOf(head)}`} open={() => open(opened === `${key}/${headOf(head)}` ? "" : `${key}/${headOf(head)}`)} />
                      </td>
                    ))}
                  </tr>
                  {opened.startsWith(`${key}/`) && (
                    <tr key={`${key}/parts`} class="restated-parts">
                      <td colSpan={heads.length + 1}>
                        <Parts of={[...line.values()].find((cell) => opened === `${key}/${headOf(cell)}`)} cells={values.cells} />
                      </td>
                    </tr>
                  )}
                </>
              );
            })}
          </tbody>
        </table>
      </div>
      <More shown={shown} all={lines.size} of={say(reportWords.place)} show={() => show(shown + LINES)} />
    </>
  );
}

/** A number, by sign and word where it is estimated; or in words why there is none. It opens to what it is made of. */
function One({ of: cell, decimals, isOpen, open }: { of: RestatedCell | undefined; decimals: number; isOpen: boolean; open: () => void }) {
  if (!cell) {
    return (
      <span class="report-mark">
        <span aria-hidden="true">·</span>
        <span class="reader-only">{say(reportWords.absent)}</span>
      </span>
    );
  }
  return (
    <span class={cell.estimated && cell.number !== null ? "estimated" : undefined} data-estimated={cell.estimated}>
      <button type="button" class="link" aria-expanded={isOpen} onClick={open}>
        {cell.number !== null && (
          <>
            {cell.estimated && <span aria-hidden="true">≈ </span>}
            {cell.estimated ? number(Number(cell.number), Math.max(decimals, 1)) : decimal(cell.number)}
          </>
        )}
        {cell.number === null && <span class="report-mark">{say(cell.suppressed ? domainWords.withheld : cell.reason ? reasonWords[cell.reason] : domainWords.unknown)}</span>}
        <span class="reader-only"> {say(isOpen ? mapsWords.close : mapsWords.open)}</span>
      </button>
      {cell.number !== null && cell.estimated && <small class="report-note"> {say(mapsWords.estimated)}</small>}
      {(cell.expected > 1 || cell.known < cell.expected) && (
        <small class="report-note">
          {" "}
          {number(cell.known)}/{number(cell.expected)} {say(mapsWords.parts)}
        </small>
      )}
    </span>
  );
}

/** What a number is made of; each part opens the report that says it. */
function Parts({ of: cell, cells }: { of: RestatedCell | undefined; cells: ReportCell[] }) {
  if (!cell) return null;
  const isPart = (one: ReportCell, place: string, from: string) => one.place === place && one.place_from === from && one.breakdown === cell.breakdown;
  return (
    <div data-part="parts">
      {say(mapsWords.madeOf)}:
      <ul>
        {cell.parts.map(({ place, place_from, weight }) => {
          const reported = cells.filter((one) => isPart(one, place, place_from));
          // Of a ratio all of what it could be made of is there.
          const own = reported.filter(({ indicator }) => indicator === cell.indicator);
          return (own.length > 0 ? own : reported).map((one) => (
            <li key={`${keyOf(one)}/${one.indicator}`} data-made-of={place}>
              <button type="button" class="link" onClick={() => openReport(one.position)}>
                {one.place_name ? say(one.place_name) : place} {one.indicator_name && own.length === 0 && `(${say(one.indicator_name)})`} <Said of={one.is} />
                <span class="reader-only"> {say(reportWords.openReport)}</span>
              </button>{" "}
              <small>
                {place} {say(reportWords.since)} {dayName(place_from)}
                {Number(weight) < 1 && ` · ${say(mapsWords.share)} ${number(Number(weight), 4)}`}
              </small>
            </li>
          ));
        })}
      </ul>
      {cell.estimated && <p class="calm">≈ {say(mapsWords.estimate)}</p>}
    </div>
  );
}

function columns(): Column<RestatedCell>[] {
  return [
    [say(reportWords.placeCode), ({ place }) => place],
    [say(reportWords.place), ({ place_name }) => place_name && say(place_name)],
    [say(reportWords.since), ({ place_from }) => place_from],
    [say(reportWords.indicator), ({ indicator }) => indicator],
    [say(reportWords.part), ({ breakdown }) => breakdown],
    [say(reportWords.number), ({ number: value }) => (value === null ? null : { decimal: value })],
    [say(mapsWords.estimated), ({ estimated }) => (estimated ? 1 : 0)],
    [say(mapsWords.parts), ({ known }) => known],
    [say(domainWords.outOf), ({ expected }) => expected],
    [say(reportWords.mark), ({ reason, suppressed }) => (suppressed ? "withheld" : reason)],
  ];
}
