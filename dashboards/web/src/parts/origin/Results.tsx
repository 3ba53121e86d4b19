import { deeper } from "../../address";
import { type Column, at } from "../../csv";
import { number, period, plain, unit } from "../../format";
import { categoryOf } from "../../judgement";
import { say } from "../../language";
import type { AssessmentOrigin, IndexOrigin, WindowRef } from "../../lineage";
import type { IndexView, Part, Text } from "../../model";
import { pack } from "../../store";
import { originWords, verdictWords } from "../../words/alerts";
import { reasonsOfIndex } from "../../words/overview";
import { averagingWords, words } from "../../words/page";
import type { Averaging } from "../../model";
import { Download } from "../frame/Download";
import { Check, Mark } from "../frame/Mark";
import { Asked, Facts, asked } from "./Asked";

function symbol(indicator: string): string {
  return pack.value?.indicators[indicator]?.symbol ?? indicator.toUpperCase();
}

function decimals(indicator: string): number {
  return pack.value?.indicators[indicator]?.decimals ?? 1;
}

function unitOf(indicator: string): string {
  return unit(pack.value?.indicators[indicator]?.unit ?? "");
}

function said(text: string | Text | null): string {
  return text === null ? "" : typeof text === "string" ? text : say(text);
}

interface IndexProps {
  index: string;
  subject: string;
  kind: string;
  start: string;
  /** As of which revision; empty for the current one. */
  revision: string;
}

/** An index: its formula, its parts, and every window that went in. */
export function IndexStep({ index, subject, kind, start, revision }: IndexProps) {
  const query = asked({ index, subject, kind, start }, revision);
  return (
    <Asked<IndexOrigin> url={`/api/lineage/index?${query}`}>
      {(origin) => {
        const category = categoryOf(index, origin as unknown as IndexView);
        const priority = category?.priority;
        const largest = Math.max(...origin.parts.map((part) => part.sub_index));
        return (
          <>
            <p class={`origin-figure ${priority ?? ""}`}>
              <strong>{origin.value === null ? "—" : number(origin.value)}</strong>
              <span>
                {priority && <Mark priority={priority} />}
                {category ? say(category.name) : say(reasonsOfIndex[origin.reason ?? ""] ?? originWords.missing)}
              </span>
            </p>
            <Facts
              of={[
                [say(originWords.formula), origin.formula],
                [say(originWords.act), said(origin.act)],
                [say(originWords.revision), number(origin.revision)],
              ]}
            />
            <h3>
              {say(originWords.parts)} ({number(origin.parts.length)})
            </h3>
            <table>
              <thead>
                <tr>
                  <th scope="col">{say({ vi: "Thông số", en: "Indicator" })}</th>
                  <th scope="col" class="figure">{say(originWords.input)}</th>
                  <th scope="col" class="figure">{say(originWords.subIndex)}</th>
                  <th scope="col" class="bar-column">
                    <span class="reader-only">{say(originWords.deciding)}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {origin.parts.map((part) => (
                  <tr key={part.indicator} class={part.sub_index === largest ? "deciding" : ""}>
                    <th scope="row">{symbol(part.indicator)}</th>
                    <td class="figure">
                      {number(part.input, decimals(part.indicator))} <small>{unitOf(part.indicator)}</small>
                    </td>
                    <td class="figure">{number(part.sub_index, 1)}</td>
                    <td class="bar-column">
                      <svg class="share" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                        <rect width={(100 * part.sub_index) / Math.max(1, largest)} height="6" />
                      </svg>
                      {part.sub_index === largest && <small>{say(originWords.deciding)}</small>}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            <Download name={`${index}-${subject}-${kind}-${start}`} of={say(originWords.parts)} columns={partColumns()} rows={() => origin.parts} />
            <Inputs inputs={origin.inputs} subject={subject} />
          </>
        );
      }}
    </Asked>
  );
}

function partColumns(): Column<Part>[] {
  return [
    [say(words.indicator), ({ indicator }) => symbol(indicator)],
    [say(originWords.input), ({ input }) => input],
    [say(words.unit), ({ indicator }) => unitOf(indicator)],
    [say(originWords.subIndex), ({ sub_index }) => sub_index],
  ];
}

/** The windows in the order of their tables. */
function inOrder(inputs: WindowRef[]): WindowRef[] {
  const indicators = [...new Set(inputs.map((input) => input.indicator))];
  return [...inputs].sort((a, b) => indicators.indexOf(a.indicator) - indicators.indexOf(b.indicator) || b.start - a.start);
}

function inputColumns(): Column<WindowRef>[] {
  return [
    [say(words.indicator), ({ indicator }) => symbol(indicator)],
    [say(words.unit), ({ indicator }) => unitOf(indicator)],
    [say({ vi: "Bắt đầu", en: "Start" }), ({ start }) => at(start)],
    [say({ vi: "Kết thúc", en: "End" }), ({ end }) => at(end)],
    [say({ vi: "Trung bình", en: "Mean" }), ({ mean }) => mean],
    [say({ vi: "Điểm tốt", en: "Good points" }), ({ count }) => count],
    [say({ vi: "Đã nhận", en: "Received" }), ({ received }) => received],
    [say({ vi: "Mong đợi", en: "Expected" }), ({ expected }) => expected],
    [say(originWords.revision), ({ revision }) => revision],
  ];
}

interface AssessmentProps {
  limit: string;
  subject: string;
  averaging: string;
  start: string;
  /** As of which revision; empty for the current one. */
  revision: string;
}

/** A mean against a limit, and the windows it was made of. */
export function AssessmentStep({ limit, subject, averaging, start, revision }: AssessmentProps) {
  const query = asked({ limit, subject, averaging, start }, revision);
  return (
    <Asked<AssessmentOrigin> url={`/api/lineage/assessment?${query}`}>
      {(origin) => {
        const { priority } = origin;
        const bound = [origin.low === null ? null : `≥ ${plain(origin.low, 1)}`, origin.high === null ? null : `≤ ${plain(origin.high, 1)}`];
        return (
          <>
            <p class={`origin-figure ${priority ?? ""}`}>
              <strong>{origin.value === null ? "—" : number(origin.value, decimals(origin.indicator))}</strong>
              <span>
                {unitOf(origin.indicator)} {priority && <Mark priority={priority} />}
                {say(verdictWords[origin.verdict] ?? { vi: origin.verdict, en: origin.verdict })}
              </span>
            </p>
            <Facts
              of={[
                [say(originWords.standard), `${origin.standard ?? ""}, ${say(averagingWords[averaging as Averaging] ?? { vi: averaging, en: averaging })}`],
                [say({ vi: "Giới hạn", en: "Limit" }), `${bound.filter((it) => it !== null).join(", ")} ${unitOf(origin.indicator)}`],
                [say({ vi: "Số liệu hợp lệ", en: "Valid data" }), `${number(origin.count)} / ${number(origin.expected)}`],
                [say(originWords.revision), number(origin.revision)],
              ]}
            />
            <Inputs inputs={origin.inputs} subject={subject} />
          </>
        );
      }}
    </Asked>
  );
}

/** The windows that went in, by indicator, newest first. */
function Inputs({ inputs, subject }: { inputs: WindowRef[]; subject: string }) {
  const indicators = [...new Set(inputs.map((input) => input.indicator))];
  return (
    <>
      <h3>
        {say(originWords.inputs)} ({number(inputs.length)})
      </h3>
      <Download name={`inputs-${subject}`} of={say(originWords.inputs)} columns={inputColumns()} rows={() => inOrder(inputs)} />
      {indicators.map((indicator) => (
        <WindowTable key={indicator} windows={inputs.filter((input) => input.indicator === indicator)} subject={subject} />
      ))}
    </>
  );
}

export function WindowTable({ windows, subject }: { windows: WindowRef[]; subject: string }) {
  const indicator = windows[0]?.indicator ?? "";
  return (
    <table class="windows">
      <thead>
        <tr>
          <th scope="col">
            {symbol(indicator)} <small>{unitOf(indicator)}</small>
          </th>
          <th scope="col" class="figure">{say({ vi: "Trung bình", en: "Mean" })}</th>
          <th scope="col" class="figure">{say({ vi: "Điểm tốt/mong đợi", en: "Good/expected" })}</th>
        </tr>
      </thead>
      <tbody>
        {[...windows]
          .sort((a, b) => b.start - a.start)
          .map((window) => (
            <tr key={window.start}>
              <th scope="row">
                <button type="button" class="link" onClick={() => deeper("window", window.indicator, subject, window.kind, String(window.start), String(window.revision))}>
                  {period(window.kind, window.start, window.end)}
                </button>
              </th>
              <td class="figure">{window.mean === null ? "—" : number(window.mean, decimals(indicator))}</td>
              <td class="figure">
                {number(window.count)}/{number(window.expected)} {window.count === window.expected && <Check />}
              </td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}
