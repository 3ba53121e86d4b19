import { useEffect } from "preact/hooks";
import type { ObligationSummary, ReportDomain, ReportIndicator, ReportSeries, ReportSum, ReportValues, TargetLine } from "../../api";
import { useAnswer } from "../../asking";
import type { Column } from "../../csv";
import { fullMoment, number, plain, unit } from "../../format";
import { say } from "../../language";
import { domainWords } from "../../words/domain";
import { mapsWords } from "../../words/maps";
import { vintageWords } from "../../words/reports";
import { Choice } from "../frame/Choice";
import { Download } from "../frame/Download";
import { Waiting } from "../frame/Waiting";
import { Urgent } from "../frame/Attention";
import { choose, chosen, domainUrl, goTo, placedUrl, valuesUrlOf } from "./chosen";
import { DomainMap, Ranking } from "./DomainMap";
import { Reporting } from "./Reporting";
import { PeriodSaid } from "./Said";
import { dayName, periodName } from "./names";
import { GroupChoice, MapChoice } from "./Reading";
import { placedOf } from "./placed";
import { Story } from "./Story";
import { Read } from "./Values";

export type DomainOf = ObligationSummary["domains"][number];

/** Periods of the trend: a year and the month before it. */
const TREND = 13;

/** The screen of a domain. */
export function domain(of: DomainOf) {
  return () => <Domain of={of} />;
}

/** What a form of a domain adds up to, how it was before, and what each place reports. */
function Domain({ of }: { of: DomainOf }) {
  const wanted = chosen("of");
  const answer = useAnswer<ReportDomain>(domainUrl(of, wanted), true).value;
  const { said } = answer;
  // A form of another screen is none of this one.
  useEffect(() => {
    if (said && said.form === null && wanted !== "") choose({ of: "", period: "", part: "" });
  }, [said, wanted]);
  const report = chosen("report");
  return (
    <div class="reports">
      <Urgent />
      {report !== "" && <Story key={report} position={report} />}
      <Waiting for={answer} />
      {said && <Of of={said} />}
    </div>
  );
}

function Of({ of }: { of: ReportDomain }) {
  const { forms, form, parts, series } = of;
  const part = parts.some(({ id }) => id === chosen("part")) ? chosen("part") : (parts[0]?.id ?? "");
  const shown = series.filter((one) => one.part === part);
  const periods = new Map(shown.flatMap(({ points }) => points.map(({ period }) => [period.label, period] as const)));
  const labels = [...periods].sort(([, a], [, b]) => (a.start < b.start ? 1 : -1)).map(([label]) => label);
  const label = labels.includes(chosen("period")) ? chosen("period") : (labels[0] ?? "");
  const period = periods.get(label);
  if (forms.length === 0) return <p class="panel listed calm">{say(domainWords.noForms)}</p>;
  return (
    <>
      <section class="panel listed domain" aria-labelledby="domain-title">
        <h2 id="domain-title" tabIndex={-1}>
          {say(domainWords.figures)}
          {period && (
            <small>
              {" "}
              <PeriodSaid of={period} />
            </small>
          )}
        </h2>
        <form class="event-filters" onSubmit={(event) => event.preventDefault()}>
          <Choice
            value={form ?? ""}
            choose={(id) => choose({ of: id, period: "", part: "", indicator: "" })}
            title={say(domainWords.form)}
            any={say(domainWords.firstForm)}
            of={forms.map(({ id, name }) => [id, say(name)])}
          />
          {parts.length > 1 && (
            <Choice
              value={part}
              choose={(id) => choose({ part: id })}
              title={say(domainWords.part)}
              any={say(parts[0]?.id === "" ? domainWords.whole : domainWords.firstPart)}
              of={parts.filter(({ id }) => id !== "").map(({ id, name }) => [id, say(name)])}
            />
          )}
          {period && (
            <Choice
              value={label}
              choose={(id) => choose({ period: id })}
              title={say(domainWords.period)}
              any={say(domainWords.newest)}
              of={labels.map((id) => [id, periodName(periods.get(id) ?? period)])}
            />
          )}
          <MapChoice of={of.map} />
          <GroupChoice of={of.map} />
        </form>
        {shown.length === 0 ? <p class="calm">{say(domainWords.nothing)}</p> : <Figures of={shown} indicators={of.indicators} label={label} />}
      </section>
      {shown.length > 0 && <Trend of={shown} indicators={of.indicators} targets={of.targets} />}
      {form !== null && label !== "" && <Places key={`${form}/${label}`} of={of} form={form} label={label} part={part} indicator={chosenOf(shown)?.indicator ?? ""} />}
    </>
  );
}

/** The series that is looked at. */
function chosenOf(of: ReportSeries[]): ReportSeries | undefined {
  return of.find(({ indicator }) => indicator === chosen("indicator")) ?? of[0];
}

/** What each place reports: on the map, by size, who does not, and all of it as a table. */
function Places({ of, form, label, part, indicator }: { of: ReportDomain; form: string; label: string; part: string; indicator: string }) {
  const answer = useAnswer<ReportValues>(valuesUrlOf(form, label), true).value;
  const placed = useAnswer<ReportValues>(placedUrl(form, label, indicator, part), true).value;
  const cells = placedOf(placed.said, indicator, part);
  // Where there are more than are listed, the one that is looked at is.
  const isOne = answer.said?.more_cells === true;
  const named = of.indicators.find(({ id }) => id === indicator);
  const feeds = of.forms.find(({ id }) => id === form)?.feeds ?? [];
  return (
    <>
      <div class="domain-places">
        {cells.length > 0 && <DomainMap cells={cells} named={named} />}
        {cells.length > 0 && <Ranking cells={cells} named={named} />}
        <Reporting form={form} feeds={feeds} values={answer.said} />
      </div>
      <section class="panel listed report-values" aria-labelledby="values-title">
        <h2 id="values-title" tabIndex={-1}>
          {say(domainWords.byPlace)}
        </h2>
        {isOne && <p class="calm">{say(mapsWords.oneOfMany)}</p>}
        <Read form={form} period={label} of={isOne ? placed : answer} names={of.indicators} />
      </section>
    </>
  );
}

function Figures({ of, indicators, label }: { of: ReportSeries[]; indicators: ReportIndicator[]; label: string }) {
  return (
    <div class="domain-figures">
      {of.map(({ indicator, points }) => {
        const named = indicators.find(({ id }) => id === indicator);
        const at = points.find(({ period }) => period.label === label);
        return (
          <article key={indicator} data-figure={indicator}>
            <h3>
              <button
                type="button"
                class="link"
                title={say(domainWords.showTrend)}
                onClick={() => {
                  choose({ indicator });
                  goTo("trend-title");
                }}
              >
                {named ? say(named.name) : indicator}
              </button>
            </h3>
            <p class="domain-figure">
              <Value of={at} decimals={named?.decimals ?? 0} /> {at?.value != null && <small>{unit(named?.unit ?? "")}</small>}
            </p>
            {at && (
              <>
                <p class="calm">
                  {say(domainWords.ofCells)} {number(at.known)} {say(domainWords.outOf)} {number(at.expected)} {say(domainWords.cells)}
                  {at.vintage !== "official" && ` · ${say(vintageWords[at.vintage])}`}
                </p>
                <p class="calm">
                  <Growth of={at.growth} /> {say(domainWords.before)}
                  <br />
                  <Growth of={at.growth_in_year} /> {say(domainWords.inYear)}
                </p>
                <p class="calm">
                  {say(domainWords.received)} {fullMoment(at.received_at)} · {say(domainWords.revision)} {number(at.revision)}
                </p>
              </>
            )}
          </article>
        );
      })}
    </div>
  );
}

/** A sum, or why there is none. */
export function Value({ of, decimals }: { of: ReportSum | undefined; decimals: number }) {
  if (of?.value != null) return <>{number(Number(of.value), decimals)}</>;
  return (
    <span class="report-mark" title={say(of?.withheld ? domainWords.withheld : domainWords.unknown)}>
      <span aria-hidden="true">{of?.withheld ? "x" : "—"}</span>
      <span class="reader-only">{say(of?.withheld ? domainWords.withheld : domainWords.unknown)}</span>
    </span>
  );
}

function Growth({ of }: { of: string | null }) {
  if (of !== null) return <>{`${Number(of) > 0 ? "+" : ""}${number(Number(of), 1)}%`}</>;
  return (
    <span title={say(domainWords.unknownGrowth)}>
      <span aria-hidden="true">—</span>
      <span class="reader-only">{say(domainWords.unknownGrowth)}</span>
    </span>
  );
}

/** One indicator, period by period, with bars on one scale, and what plans want reached of it. */
function Trend({ of, indicators, targets }: { of: ReportSeries[]; indicators: ReportIndicator[]; targets: TargetLine[] }) {
  const series = chosenOf(of);
  if (!series) return null;
  const named = indicators.find(({ id }) => id === series.indicator);
  const points = series.points.slice(0, TREND);
  // Plans speak of the whole.
  const planned = series.part === "" ? targets.filter(({ indicator }) => indicator === series.indicator) : [];
  const most = Math.max(...points.map(({ value }) => Number(value ?? 0)), ...planned.map(({ value }) => Number(value)), 1e-9);
  const decimals = named?.decimals ?? 0;
  return (
    <section class="panel listed domain-trend" aria-labelledby="trend-title">
      <div class="rejects-head">
        <h2 id="trend-title" tabIndex={-1}>
          {say(domainWords.trend)}: {named ? say(named.name) : series.indicator}
          {named && <small> {unit(named.unit)}</small>}
        </h2>
        <Download name={`trend-${series.indicator}`} of={say(domainWords.trend)} columns={columns()} rows={() => series.points} />
      </div>
      {planned.map(({ id, name, value, sense, valid_to, basis }) => (
        <p key={id} class="calm trend-target" data-planned={id}>
          {say(domainWords.planned)}: <strong>{`${say(sense === "at_least" ? domainWords.atLeast : domainWords.atMost)} ${plain(Number(value), decimals)}`}</strong> {named && unit(named.unit)} · <small>{id}</small> {say(name)} · {say(domainWords.due)} {dayName(valid_to)} · {basis}
        </p>
      ))}
      <div class="clients-table" role="group" aria-labelledby="trend-title" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{say(domainWords.period)}</th>
              {[domainWords.value, domainWords.before, domainWords.inYear, domainWords.known].map((title) => (
                <th key={title.en} scope="col" class="figure">
                  {say(title)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {points.map((point) => (
              <tr key={point.period.label} data-period={point.period.label}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => choose({ period: point.period.label })}>
                    <PeriodSaid of={point.period} />
                  </button>
                </th>
                <td class="figure" data-title={say(domainWords.value)}>
                  <span class="trend-bar" aria-hidden="true">
                    <span class="bar" style={{ width: `${(100 * Math.max(0, Number(point.value ?? 0))) / most}%` }} />
                    {planned.map(({ id, value }) => (
                      <i key={id} style={{ left: `${(100 * Number(value)) / most}%` }} />
                    ))}
                  </span>{" "}
                  <Value of={point} decimals={decimals} />
                </td>
                <td class="figure" data-title={say(domainWords.before)}>
                  <Growth of={point.growth} />
                </td>
                <td class="figure" data-title={say(domainWords.inYear)}>
                  <Growth of={point.growth_in_year} />
                </td>
                <td class="figure" data-title={say(domainWords.known)}>
                  {number(point.known)}/{number(point.expected)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function columns(): Column<ReportSum>[] {
  const cell = (value: string | null) => (value === null ? null : { decimal: value });
  return [
    [say(domainWords.period), ({ period }) => period.label],
    [say(domainWords.value), ({ value }) => cell(value)],
    [say(domainWords.before), ({ growth }) => cell(growth)],
    [say(domainWords.inYear), ({ growth_in_year }) => cell(growth_in_year)],
    [say(domainWords.known), ({ known }) => known],
    [say(domainWords.cells), ({ expected }) => expected],
  ];
}
