import { batch } from "@preact/signals";
import { own, view } from "../../address";
import type { Target, TargetList, TargetYear } from "../../api";
import { useAnswer } from "../../asking";
import type { Column } from "../../csv";
import { number, plain } from "../../format";
import { say } from "../../language";
import type { Priority } from "../../model";
import { screens } from "../../screens";
import { domainWords, targetVerdicts } from "../../words/domain";
import { Choice } from "../frame/Choice";
import { Download } from "../frame/Download";
import { Waiting } from "../frame/Waiting";
import { Mark } from "../frame/Mark";
import { Urgent } from "../frame/Attention";
import { choose, chosen } from "./chosen";
import { dayName } from "./names";

type Verdict = TargetYear["verdict"];
interface Line {
  target: Target;
  at: TargetYear | undefined;
  verdict: Verdict;
}

const VERDICTS: Verdict[] = ["behind", "unknown", "withheld", "on_target", "no_target"];
const PRIORITIES: Partial<Record<Verdict, Priority>> = { behind: "low" };

/** What plans want to be reached beside what is reported, with how much of it is known. */
export function Targets() {
  const answer = useAnswer<TargetList>("/api/reports/targets", true).value;
  const { said } = answer;
  const years = [...new Set(said?.targets.flatMap((target) => target.years.map(({ year }) => year)))].sort((a, b) => b - a);
  const year = years.find((one) => String(one) === chosen("year")) ?? years[0];
  const lines = (said?.targets ?? []).map((target): Line => {
    const at = target.years.find((one) => one.year === year);
    return { target, at, verdict: at?.verdict ?? "unknown" };
  });
  const wanted = VERDICTS.find((verdict) => verdict === chosen("verdict"));
  const shown = lines.filter(({ verdict }) => !wanted || verdict === wanted);
  return (
    <div class="reports">
      <Urgent />
      <section class="panel listed targets" aria-labelledby="targets-title">
        <div class="rejects-head">
          <h2 id="targets-title" tabIndex={-1}>
            {say(domainWords.targets)}
          </h2>
          {shown.length > 0 && <Download name={`targets-${year ?? ""}`} of={say(domainWords.targets)} columns={columns()} rows={() => shown} />}
        </div>
        <Waiting for={answer} />
        {said?.targets.length === 0 && <p class="calm">{say(domainWords.noTargets)}</p>}
        {lines.length > 0 && (
          <>
            <p class="calm" data-part="verdicts">
              {VERDICTS.map((verdict) => `${say(targetVerdicts[verdict])}: ${number(lines.filter((line) => line.verdict === verdict).length)}`).join(" · ")}
            </p>
            <form class="event-filters" onSubmit={(event) => event.preventDefault()}>
              <Choice
                value={year === undefined ? "" : String(year)}
                choose={(one) => choose({ year: one })}
                title={say(domainWords.year)}
                any={say(domainWords.newestYear)}
                of={years.map((one) => [String(one), String(one)])}
              />
              <Choice
                value={wanted ?? ""}
                choose={(verdict) => choose({ verdict })}
                title={say(domainWords.verdict)}
                any={say(domainWords.allVerdicts)}
                of={VERDICTS.map((verdict) => [verdict, say(targetVerdicts[verdict])])}
              />
            </form>
            <Table of={shown} />
          </>
        )}
      </section>
    </div>
  );
}

function Table({ of }: { of: Line[] }) {
  const titles = [domainWords.planned, domainWords.reached, domainWords.verdict, domainWords.known, domainWords.source];
  return (
    <div class="clients-table" role="group" aria-labelledby="targets-title" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{say(domainWords.target)}</th>
            {titles.map((title) => (
              <th key={title.en} scope="col">
                {say(title)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {of.map((line) => (
            <Row key={line.target.id} of={line} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ of: { target, at, verdict } }: { of: Line }) {
  const { id, name, target: planned, percent, sense, valid_to } = target;
  const late = at ? !at.is_in_time : false;
  const priority = PRIORITIES[verdict];
  const said = (value: number) => `${plain(value, 1)}${percent ? "%" : ""}`;
  return (
    <tr data-target={id}>
      <th scope="row" class="target-name">
        <small>{id}</small> {say(name)}
      </th>
      <td data-title={say(domainWords.planned)}>
        <span>
          {planned === null ? say(domainWords.noNumber) : `${say(sense === "at_least" ? domainWords.atLeast : domainWords.atMost)} ${said(Number(planned))}`}{" "}
          <small>
            {say(domainWords.due)} {dayName(valid_to)}
          </small>
        </span>
      </td>
      <td data-title={say(domainWords.reached)}>
        <span>
          <strong>{at?.value == null ? "—" : said(at.value)}</strong>
          {percent && <Bullet value={at?.value ?? null} target={planned === null ? null : Number(planned)} />}
        </span>
      </td>
      <td data-title={say(domainWords.verdict)}>
        <span class={`verdict ${priority ?? ""}`} data-verdict={verdict}>
          {priority && <Mark priority={priority} />} {say(targetVerdicts[verdict])}
          {late && <small> {say(domainWords.late)}</small>}
        </span>
      </td>
      <td data-title={say(domainWords.known)}>{at ? `${number(at.known)}/${number(at.expected)}` : "—"}</td>
      <td data-title={say(domainWords.source)}>
        {at && screens.value.some((screen) => screen.id === "reports") ? (
          <button type="button" class="link" title={say(domainWords.openSource)} onClick={() => openValuesOf(target.form, at.period)}>
            {say(target.form_name)}, {at.period}
          </button>
        ) : (
          say(target.form_name)
        )}
      </td>
    </tr>
  );
}

/** From 0 to 100 per cent, with a mark where the target is. */
function Bullet({ value, target }: { value: number | null; target: number | null }) {
  const at = (of: number) => `${Math.min(100, Math.max(0, of))}%`;
  return (
    <span class="bullet" aria-hidden="true">
      {value !== null && <span style={{ width: at(value) }} />}
      {target !== null && <i style={{ left: at(target) }} />}
    </span>
  );
}

/** The values that a target is made of, on the screen of reports. */
function openValuesOf(form: string, period: string): void {
  batch(() => {
    view.value = "reports";
    own.value = { of: form, period };
  });
}

function columns(): Column<Line>[] {
  return [
    ["id", ({ target }) => target.id],
    [say(domainWords.target), ({ target }) => say(target.name)],
    [say(domainWords.planned), ({ target }) => (target.target === null ? null : { decimal: target.target })],
    [say(domainWords.due), ({ target }) => target.valid_to],
    [say(domainWords.year), ({ at }) => at?.year],
    [say(domainWords.period), ({ at }) => at?.period],
    [say(domainWords.reached), ({ at }) => at?.value],
    [say(domainWords.verdict), ({ verdict }) => verdict],
    [say(domainWords.known), ({ at }) => at?.known],
    [say(domainWords.cells), ({ at }) => at?.expected],
    [say(domainWords.source), ({ target }) => say(target.form_name)],
    [say(domainWords.basis), ({ target }) => target.basis],
  ];
}
