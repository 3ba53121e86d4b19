import { useEffect, useRef } from "preact/hooks";
import { type Column, at } from "../../csv";
import { fullMoment, moment, number, unit } from "../../format";
import { say } from "../../language";
import { lazy } from "../../lazy";
import type { EnvelopeOrigin, EnvelopeRow } from "../../lineage";
import { feedNames, pack } from "../../store";
import { originWords } from "../../words/alerts";
import { qualityWords, reasonWords, words } from "../../words/page";
import { Download } from "../frame/Download";
import { Asked, Facts } from "./Asked";

const EnvelopeEvents = lazy(async () => (await import("../security/security")).EnvelopeEvents);

/** The message as it came, with the row that was followed marked in it. */
export function EnvelopeStep({ position, row }: { position: string; row: number | null }) {
  return (
    <Asked<EnvelopeOrigin> url={`/api/lineage/envelope/${encodeURIComponent(position)}`}>
      {(envelope) => {
        const feed = feedNames.value.get(envelope.feed ?? "");
        const raw = `/api/lineage/envelope/${encodeURIComponent(position)}/raw`;
        return (
          <>
            <Facts
              of={[
                [say({ vi: "Nguồn", en: "Feed" }), feed ? say(feed.name) : (envelope.feed ?? "")],
                [say(originWords.address), envelope.address === null ? null : <code>{envelope.address}</code>],
                [say({ vi: "Nhận lúc", en: "Received" }), envelope.received_at === null ? null : fullMoment(envelope.received_at)],
                [say(originWords.sender), envelope.attributes["sender"] ? <SentBy attributes={envelope.attributes} /> : null],
                [say(originWords.where), envelope.where === "archive" ? <>{say(originWords.archive)}: <code>{envelope.file ?? ""}</code></> : say(envelope.where === "log" ? originWords.log : originWords.gone)],
                [say(originWords.size), envelope.length === null ? null : `${number(envelope.length)} byte`],
              ]}
            />
            <div class="raw-head">
              <h3>{say(originWords.raw)}</h3>
              {envelope.where !== null && !envelope.kept_back && (
                <a class="button" href={raw} download>
                  {say(originWords.download)}
                </a>
              )}
            </div>
            {envelope.content === "withheld" && <p class="calm">{say(originWords.withheld)}</p>}
            {envelope.kept_back ? (
              <p class="calm">{say(originWords.keptBack)}</p>
            ) : envelope.text !== null ? (
              <Text text={envelope.text} row={row} />
            ) : envelope.base64 === null ? (
              <p class="calm">{say(originWords.gone)}</p>
            ) : (
              <>
                <p class="calm">{say(originWords.binary)}</p>
                <pre class="raw" tabIndex={0}>
                  {envelope.base64 ?? ""}
                </pre>
              </>
            )}
            {envelope.cut && <p class="calm">{say(originWords.cut)}</p>}
            {envelope.rows.length > 0 && (
              <>
                <h3>
                  {say(originWords.storedRows)} ({number(envelope.rows.length)})
                </h3>
                <Download name={`envelope-${position}`} of={say(originWords.storedRows)} columns={columns()} rows={() => envelope.rows} />
                <table>
                  <tbody>
                    {envelope.rows.map((stored) => {
                      const names = pack.value?.indicators[stored.indicator];
                      return (
                        <tr key={stored.row} class={stored.row === row ? "followed" : ""}>
                          <th scope="row">
                            {say({ vi: "dòng", en: "row" })} {number(stored.row)}
                          </th>
                          <td>{names?.symbol ?? stored.indicator}</td>
                          <td class="figure">
                            {number(stored.value, names?.decimals ?? 1)} <small>{unit(names?.unit ?? "")}</small>
                          </td>
                          <td>{say(qualityWords[stored.quality])}</td>
                          <td>
                            {moment(stored.event_time, "minute")} {moment(stored.event_time, "date")}
                          </td>
                        </tr>
                      );
                    })}
                  </tbody>
                </table>
              </>
            )}
            {envelope.events.length > 0 && <EnvelopeEvents events={envelope.events} position={position} row={row} />}
            {envelope.rejects.length > 0 && (
              <>
                <h3>
                  {say(originWords.rejectedRows)} ({number(envelope.rejects.length)})
                </h3>
                <ul class="reject-list">
                  {envelope.rejects.map((reject) => (
                    <li key={`${reject.row}/${reject.whole}`} class={reject.row === row ? "followed" : ""}>
                      <strong>{say(reasonWords[reject.reason] ?? { vi: reject.reason, en: reject.reason })}</strong> {say(reject.message)}
                    </li>
                  ))}
                </ul>
              </>
            )}
          </>
        );
      }}
    </Asked>
  );
}

function columns(): Column<EnvelopeRow>[] {
  return [
    [say(words.row), ({ row }) => row],
    [say(words.station), ({ subject }) => subject],
    [say(words.indicator), ({ indicator }) => pack.value?.indicators[indicator]?.symbol ?? indicator],
    [say(words.value), ({ value }) => value],
    [say(words.unit), ({ indicator }) => unit(pack.value?.indicators[indicator]?.unit ?? "")],
    [say(words.quality), ({ quality }) => say(qualityWords[quality])],
    [say(words.measuredAt), ({ event_time }) => at(event_time)],
  ];
}

/** Who sent it, and from which address. */
function SentBy({ attributes }: { attributes: Record<string, string> }) {
  const { sender, peer } = attributes;
  return (
    <>
      {sender}
      {peer && <small> · {peer}</small>}
    </>
  );
}

function Text({ text, row }: { text: string; row: number | null }) {
  const marked = useRef<HTMLElement>(null);
  useEffect(() => marked.current?.scrollIntoView({ block: "nearest" }), [text, row]);
  const part = row === null ? null : rowIn(text, row);
  return (
    <pre class="raw" tabIndex={0} data-part="raw">
      {part === null ? (
        text
      ) : (
        <>
          {text.slice(0, part[0])}
          <mark ref={marked}>{text.slice(part[0], part[1])}</mark>
          {text.slice(part[1])}
        </>
      )}
    </pre>
  );
}

/** From and to of a row in a message: an element of a JSON array, a line that says something, or all of one object. */
export function rowIn(text: string, row: number): [number, number] | null {
  const start = text.search(/\S/);
  if (start < 0) return null;
  if (text[start] === "[") return elementIn(text, start, row);
  const lines = [...text.matchAll(/[^\n]+/g)].filter(([line]) => line.trim() !== "");
  if (text[start] === "{" && !startsEachLine(lines)) return row === 0 ? [start, text.trimEnd().length] : null;
  const line = lines[row];
  return line ? [line.index, line.index + line[0].trimEnd().length] : null;
}

/** Whether every line is an object of its own. */
function startsEachLine(lines: RegExpExecArray[] | RegExpMatchArray[]): boolean {
  return lines.every(([line]) => line?.trim().startsWith("{") && line.trim().endsWith("}"));
}

function elementIn(text: string, open: number, row: number): [number, number] | null {
  let depth = 0;
  let quoted = false;
  let element = 0;
  let from = open + 1;
  for (let at = open; at < text.length; at++) {
    const letter = text[at];
    if (quoted) {
      if (letter === "\\") at += 1;
      else if (letter === '"') quoted = false;
      continue;
    }
    if (letter === '"') quoted = true;
    else if (letter === "[" || letter === "{") depth += 1;
    else if (letter === "]" || letter === "}") depth -= 1;
    if ((letter === "," && depth === 1) || (letter === "]" && depth === 0)) {
      if (element === row) return trimmed(text, from, at);
      element += 1;
      from = at + 1;
    }
  }
  return null;
}

function trimmed(text: string, from: number, to: number): [number, number] {
  const inner = text.slice(from, to);
  const start = from + inner.search(/\S|$/);
  return [start, start + inner.trim().length];
}
