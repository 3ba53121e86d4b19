import { deeper } from "../../address";
import { at } from "../../csv";
import { fullMoment, number, percent, period, roughAge } from "../../format";
import { nameOfFigure, stepTo } from "../../figures";
import { say } from "../../language";
import type { FigureInput, Priority } from "../../model";
import { ageOf, figureOf, pack, subjectName } from "../../store";
import { alertWords, originWords } from "../../words/alerts";
import { kpiWords } from "../../words/overview";
import { words } from "../../words/page";
import { t } from "../../words/text";
import { Download } from "../frame/Download";
import { Mark } from "../frame/Mark";
import { lookAt } from "../security/filters";
import { Facts } from "./Asked";
import { Cut, madeAt } from "./KpiOrigin";

const HOUR = 3_600_000;

const COUNTED = {
  events: t(
    "Sự kiện của giờ trọn vẹn gần nhất, cộng qua các nguồn nhật ký của gói tỉnh. Giờ đó là giờ vừa qua khi mọi nguồn đang gửi đã khép lại, trước đó là giờ liền trước. Phút được nghe là phút nguồn không được im lặng có gửi và không mù; dưới ba phần tư thì không kết luận.",
    "Events of the last full hour, added up over the log sources of the pack. That is the hour that has just passed once all that are heard have closed it, and until then the one before. A minute was heard if a log source that may not be silent was heard in it and not blind; below three quarters nothing is concluded.",
  ),
  severe: t(
    "Sự kiện mức cao và khẩn cấp trong 24 giờ trọn vẹn gần nhất; giờ mới nhất đứng đầu.",
    "High and critical events of the last 24 full hours; the newest hour comes first.",
  ),
};

/** Hours of log sources; each opens to the events that were counted in it. */
export function CountedEvents({ id }: { id: keyof typeof COUNTED }) {
  const figure = figureOf(id).value;
  const inputs = figure?.inputs ?? [];
  const least = id === "severe" ? "high" : "";
  return (
    <>
      <Facts
        of={[
          [say(originWords.howMade), say(COUNTED[id])],
          ...madeAt(figure),
          [say({ vi: "Phút được nghe", en: "Minutes heard" }), figure && figure.expected > 0 ? `${number(figure.count)} / ${number(figure.expected)} (${percent(figure.count / figure.expected)} %)` : null],
        ]}
      />
      <Download
        name={id}
        of={nameOfFigure(id)}
        columns={[
          [say({ vi: "Đối tượng", en: "Subject" }), nameOf],
          [say({ vi: "Bắt đầu", en: "Start" }), ({ start }: FigureInput) => at(start)],
          [say(words.value), ({ value }: FigureInput) => value],
        ]}
        rows={() => inputs}
      />
      <table>
        <tbody>
          {inputs.map((input) => (
            <tr key={`${input.subject}/${input.start}`}>
              <th scope="row">
                <button type="button" class="link" onClick={() => lookAt({ source: input.subject, known: "1", least, from: String(input.start), until: String(input.start + HOUR) })}>
                  {nameOf(input)}
                </button>
              </th>
              <td>{period("hour", input.start, input.start + HOUR)}</td>
              <td class="figure">{number(input.value ?? 0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Cut of={figure} />
    </>
  );
}

const WAITS = {
  time_to_acknowledge: t(
    "Từ lúc phát đến khi có người tiếp nhận: trung vị của các cảnh báo an ninh được tiếp nhận trong 30 ngày. Cảnh báo còn chờ đứng đầu và không tính là nhanh.",
    "From when it was raised until somebody took it on: the median of the security alerts that were taken on within 30 days. Those that wait come first, and are none of the fast ones.",
  ),
  time_to_clear: t(
    "Từ lúc phát đến khi hết hẳn: trung vị của các cảnh báo an ninh hết trong 30 ngày. Cảnh báo còn hiệu lực đứng đầu và không tính là nhanh.",
    "From when it was raised until it was over for good: the median of the security alerts that ended within 30 days. Active ones come first, and are none of the fast ones.",
  ),
};

/** Alerts that wait, and how long the others took, the slowest first. */
export function AlertWaits({ id }: { id: keyof typeof WAITS }) {
  const figure = figureOf(id).value;
  const inputs = figure?.inputs ?? [];
  const count = (word: string) => number(figure?.parts.find((part) => part.word === word)?.count ?? 0);
  return (
    <>
      <Facts
        of={[
          [say(originWords.howMade), say(WAITS[id])],
          ...madeAt(figure),
          [say({ vi: "Trung vị", en: "Median" }), figure?.value == null ? null : roughAge(figure.value)],
          [say({ vi: "Đã đo", en: "Measured" }), count("measured")],
          [say({ vi: "Còn mở", en: "Still open" }), count("open")],
        ]}
      />
      <Download
        name={id}
        of={nameOfFigure(id)}
        columns={[
          [say({ vi: "Đối tượng", en: "Subject" }), nameOf],
          [say({ vi: "Quy tắc", en: "Rule" }), ruleOf],
          [say({ vi: "Phát lúc", en: "Raised" }), ({ start }: FigureInput) => at(start)],
          [say({ vi: "Giây", en: "Seconds" }), ({ value }: FigureInput) => (value === null ? null : value / 1000)],
        ]}
        rows={() => inputs}
      />
      <table>
        <tbody>
          {inputs.map((input) => (
            <tr key={`${input.measure}/${input.subject}/${input.number}`}>
              <th scope="row">
                <button type="button" class="link" onClick={() => figure && deeper(...stepTo(input, figure))}>
                  {nameOf(input)}
                </button>
              </th>
              <td>
                <Mark priority={input.word as Priority} hollow={input.value !== null} /> {ruleOf(input)}
              </td>
              <td class="figure" title={fullMoment(input.start)}>
                {input.value === null ? `${say(kpiWords.stillOpen)} ${roughAge(ageOf(input.start))}` : roughAge(input.value)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Cut of={figure} />
      <button type="button" onClick={() => deeper("alerts")}>
        {say(alertWords.all)}
      </button>
    </>
  );
}

function nameOf({ subject }: FigureInput): string {
  return say(subjectName(subject));
}

function ruleOf({ measure }: FigureInput): string {
  return say(pack.value?.rules[measure]?.name ?? { vi: measure, en: measure });
}
