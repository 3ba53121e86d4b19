import type { AlertTimes as Times, AlertTimesList, TimeTaken } from "../../api";
import { useAnswer } from "../../asking";
import { isOfEvents } from "../../alerts";
import type { Column } from "../../csv";
import { fullMoment, number, roughAge } from "../../format";
import { say } from "../../language";
import type { Text } from "../../model";
import { ageOf, pack } from "../../store";
import { kpiWords } from "../../words/overview";
import { priorityWords } from "../../words/page";
import { securityWords } from "../../words/security";
import { Download } from "../frame/Download";
import { Mark } from "../frame/Mark";

/** How long alerts of information security took, by rule, of those raised in the last 30 days. */
export function AlertTimes() {
  const { said, trouble } = useAnswer<AlertTimesList>("/api/alerts/times", true).value;
  const rows = (said?.times ?? []).filter(isOfEvents);
  return (
    <section class="panel log-sources alert-times" aria-labelledby="alert-times-title">
      <div class="rejects-head">
        <h2 id="alert-times-title">{say(securityWords.alertTimes)}</h2>
        {rows.length > 0 && <Download name="alert-times" of={say(securityWords.alertTimes)} columns={columns()} rows={() => rows} />}
      </div>
      {trouble && <p class="event-trouble">{say(trouble)}</p>}
      {said && rows.length === 0 && <p class="calm">{say(securityWords.noTimes)}</p>}
      {rows.length > 0 && (
        <div class="clients-table" role="group" aria-labelledby="alert-times-title" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say(securityWords.rule)}</th>
                <th scope="col" class="figure">
                  {say(securityWords.raised)}
                </th>
                <th scope="col">{say(securityWords.toAcknowledge)}</th>
                <th scope="col">{say(securityWords.toClear)}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={`${row.rule}/${row.priority}`} data-rule={row.rule}>
                  <th scope="row">
                    <span>
                      <Mark priority={row.priority} /> {nameOf(row)}
                      <span class="reader-only"> {say(priorityWords[row.priority])}</span>
                    </span>
                  </th>
                  <td class="figure" data-title={say(securityWords.raised)}>
                    {number(row.raised)}
                  </td>
                  <Took of={row.to_acknowledge} title={securityWords.toAcknowledge} />
                  <Took of={row.to_clear} title={securityWords.toClear} />
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** An open one is not a fast one: it stands beside the median, with how long it has been so. */
function Took({ of: { median, longest, open, open_since }, title }: { of: TimeTaken; title: Text }) {
  const told = median === null || longest === null ? "—" : `${say(securityWords.median)} ${roughAge(median)}, ${say(securityWords.longest)} ${roughAge(longest)}`;
  return (
    <td data-title={say(title)}>
      <span>
        {told}
        {open > 0 && (
          <small title={open_since === null ? "" : fullMoment(open_since)}>
            {" "}
            · {number(open)} {say(kpiWords.stillOpen)}
            {open_since !== null && ` ${roughAge(ageOf(open_since))}`}
          </small>
        )}
      </span>
    </td>
  );
}

function nameOf({ rule }: Times): string {
  return say(pack.value?.rules[rule]?.name ?? { vi: rule, en: rule });
}

function columns(): Column<Times>[] {
  const of = (title: Text, taken: (row: Times) => TimeTaken): Column<Times>[] => {
    const seconds = (value: number | null) => (value === null ? null : value / 1000);
    const unit = say({ vi: "giây", en: "seconds" });
    return [
      [`${say(title)}, ${say(securityWords.median)}, ${unit}`, (row) => seconds(taken(row).median)],
      [`${say(title)}, ${say(securityWords.meanTaken)}, ${unit}`, (row) => seconds(taken(row).mean)],
      [`${say(title)}, ${say(securityWords.longest)}, ${unit}`, (row) => seconds(taken(row).longest)],
      [`${say(title)}, ${say(kpiWords.stillOpen)}`, (row) => taken(row).open],
    ];
  };
  return [
    [say(securityWords.rule), nameOf],
    [say({ vi: "Ưu tiên", en: "Priority" }), ({ priority }) => say(priorityWords[priority])],
    [say(securityWords.raised), ({ raised }) => raised],
    ...of(securityWords.toAcknowledge, (row) => row.to_acknowledge),
    ...of(securityWords.toClear, (row) => row.to_clear),
  ];
}
