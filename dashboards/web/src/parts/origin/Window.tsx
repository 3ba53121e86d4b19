import { deeper } from "../../address";
import { type Column, at } from "../../csv";
import { moment, number, shortMoment, unit } from "../../format";
import { say } from "../../language";
import type { WindowOrigin, WindowRow } from "../../lineage";
import { feedNames, pack } from "../../store";
import { originWords } from "../../words/alerts";
import { qualityWords, words } from "../../words/page";
import { Download } from "../frame/Download";
import { Check, Mark } from "../frame/Mark";
import { Asked, Facts, asked } from "./Asked";

interface Props {
  indicator: string;
  subject: string;
  kind: string;
  start: string;
  /** As of which revision; empty for the current one. */
  revision: string;
}

/** A window: its figures, and every row of it. What was counted must be what the mean was made of. */
export function WindowStep({ indicator, subject, kind, start, revision }: Props) {
  const query = asked({ indicator, subject, kind, start }, revision);
  const names = pack.value?.indicators[indicator];
  const decimals = names?.decimals ?? 1;
  return (
    <Asked<WindowOrigin> url={`/api/lineage/window?${query}`}>
      {(window) => {
        const counted = window.rows.filter((row) => row.counted).length;
        const current = window.rows.filter((row) => row.current).length;
        const same = counted === window.count;
        return (
          <>
            <p class="origin-figure">
              <strong>{window.mean === null ? "—" : number(window.mean, decimals)}</strong>
              <span>{unit(names?.unit ?? "")}</span>
            </p>
            <p class={`same ${same ? "yes" : "no"}`} data-part="count" data-same={same}>
              {same ? <Check /> : <Mark priority="critical" />}
              {say({
                vi: `${number(counted)} dòng được tính ${same ? "=" : "≠"} ${number(window.count)} của cửa sổ`,
                en: `${number(counted)} rows counted ${same ? "=" : "≠"} ${number(window.count)} of the window`,
              })}
              {window.rows.length > counted && <span class="calm"> {difference(window, current)}</span>}
            </p>
            {window.spiked && (
              <p class="same" data-part="spiked">
                <Mark priority="medium" />
                {say(originWords.spiked)}
              </p>
            )}
            <Facts
              of={[
                [say({ vi: "Đã nhận / mong đợi", en: "Received / expected" }), `${number(window.received)} / ${number(window.expected)}`],
                [say({ vi: "Thấp nhất – cao nhất", en: "Lowest – highest" }), window.min === null || window.max === null ? null : `${number(window.min, decimals)} – ${number(window.max, decimals)}`],
                [say(originWords.revision), number(window.revision)],
              ]}
            />
            <h3>
              {say(originWords.rows)} ({number(window.rows.length)}
              {window.rows_found > window.rows.length && ` / ${number(window.rows_found)}`})
            </h3>
            <Download name={`${subject}-${indicator}-${kind}-${start}`} of={say(originWords.rows)} columns={columns()} rows={() => window.rows} />
            <table class="rows">
              <thead>
                <tr>
                  <th scope="col">{say(originWords.time)}</th>
                  <th scope="col" class="figure">{say({ vi: "Giá trị", en: "Value" })}</th>
                  <th scope="col">{say({ vi: "Chất lượng", en: "Quality" })}</th>
                  <th scope="col">{say(originWords.message)}</th>
                </tr>
              </thead>
              <tbody>
                {window.rows.map((row) => (
                  <Row key={`${row.position}/${row.row}`} row={row} decimals={decimals} kind={kind} />
                ))}
              </tbody>
            </table>
          </>
        );
      }}
    </Asked>
  );
}

function columns(): Column<WindowRow>[] {
  return [
    [say(originWords.time), ({ event_time }) => at(event_time)],
    [say({ vi: "Giá trị", en: "Value" }), ({ value }) => value],
    [say({ vi: "Chất lượng", en: "Quality" }), ({ quality }) => say(qualityWords[quality])],
    [say(originWords.counted), ({ counted }) => (counted ? 1 : 0)],
    [say(originWords.replaced), ({ current }) => (current ? 0 : 1)],
    [say(words.receivedAt), ({ received_at }) => at(received_at)],
    [say(words.feed), ({ feed }) => feed],
    [say(originWords.sender), ({ sender }) => sender],
    [say(originWords.message), ({ position }) => position],
    [say(words.row), ({ row }) => row],
  ];
}

/** Why there are more rows than were counted. */
function difference(window: WindowOrigin, current: number): string {
  const replaced = window.rows.length - current;
  const bad = window.rows.filter((row) => row.current && !row.counted).length;
  const parts: string[] = [];
  if (replaced > 0) parts.push(say({ vi: `${number(replaced)} dòng đã được thay bằng dòng hiệu chỉnh`, en: `${number(replaced)} replaced by corrections` }));
  if (bad > 0) parts.push(say({ vi: `${number(bad)} dòng không đạt chất lượng`, en: `${number(bad)} not of good quality` }));
  return `+ ${parts.join(", ")}`;
}

function Row({ row, decimals, kind }: { row: WindowRow; decimals: number; kind: string }) {
  const feed = feedNames.value.get(row.feed);
  return (
    <tr class={row.counted ? "" : "not-counted"} data-counted={row.counted}>
      <th scope="row">{kind === "day" ? shortMoment(row.event_time) : moment(row.event_time, "clock")}</th>
      <td class="figure">{number(row.value, decimals)}</td>
      <td>
        {say(qualityWords[row.quality])}
        {!row.current && `, ${say(originWords.replaced)}`}
        {row.standing === "correction" && `, ${say({ vi: "hiệu chỉnh", en: "correction" })}`}
        {row.standing === "replaced" && `, ${say({ vi: "đọc lại", en: "read again" })}`}
      </td>
      <td>
        <button type="button" class="link" title={feed ? say(feed.name) : row.feed} onClick={() => deeper("envelope", row.position, String(row.row))}>
          {row.position}
        </button>
      </td>
    </tr>
  );
}
