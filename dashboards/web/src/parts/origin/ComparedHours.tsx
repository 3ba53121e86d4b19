import { bandOf } from "../../alerts";
import type { Compared } from "../../api";
import { fullMoment, number } from "../../format";
import { say } from "../../language";
import type { AlertOrigin, RaisedBy } from "../../lineage";
import type { Alert } from "../../model";
import { alertWords, likeWords } from "../../words/alerts";
import { countedBy, lookAt } from "../security/filters";
import { Asked } from "./Asked";

const HOUR = 3_600_000;

/** The hours that an unusual one was held against, each opening to what was counted in it. */
export function ComparedHours({ alert, with: { usual, like, with: hours } }: { alert: Alert; with: Compared }) {
  return (
    <section class="compared" data-part="compared">
      <h3>{say(alertWords.compared)}</h3>
      <p class="calm">
        {say(alertWords.usually)} {bandOf(usual)}. {say(likeWords[like])}
      </p>
      <Asked<AlertOrigin> url={`/api/lineage/alert/${encodeURIComponent(alert.id)}`} again={alert.occurrences}>
        {({ raised_by }) => (
          <table>
            <tbody>
              {hours.map(({ start, value }) => (
                <tr key={start}>
                  <th scope="row">{fullMoment(start)}</th>
                  <td class="figure">
                    {raised_by?.kind === "measure" ? (
                      <button type="button" class="link" onClick={() => open(raised_by, start)}>
                        {number(value)}
                      </button>
                    ) : (
                      number(value)
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Asked>
    </section>
  );
}

function open(by: Extract<RaisedBy, { kind: "measure" }>, start: number): void {
  lookAt({ ...countedBy(by), source: by.log_source, from: String(start), until: String(start + HOUR) });
}
