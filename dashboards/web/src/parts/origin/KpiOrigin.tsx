import type { VNode } from "preact";
import { deeper } from "../../address";
import { at } from "../../csv";
import { fullMoment, number, percent, period, plain, roughAge, span, unit } from "../../format";
import { lastEventOf } from "../../freshness";
import { nameOfFigure, shown, stationsNow, stepTo } from "../../figures";
import { say } from "../../language";
import type { Figure, FigureId, FigureInput, Priority, StationNames } from "../../model";
import { type Standing, logStandingWords, partialIn, priorityOfStanding, standingIn, standingWords } from "../../standing";
import { ageOf, feedNames, figureOf, pack, subjectName } from "../../store";
import { alertWords, originWords } from "../../words/alerts";
import { kpiWords, reasonsOfIndex } from "../../words/overview";
import { words } from "../../words/page";
import { t } from "../../words/text";
import { Download } from "../frame/Download";
import { Check, Mark } from "../frame/Mark";
import { lookAt } from "../security/filters";
import { Facts } from "./Asked";
import { AlertWaits, CountedEvents } from "./SecurityKpis";

const HOUR = 3_600_000;

/** What a figure was made of, as it was stored with it. */
export function KpiStep({ id }: { id: string }) {
  const Step = Object.hasOwn(STEPS, id) ? STEPS[id as FigureId] : null;
  return Step ? <Step /> : <p class="calm">{say(originWords.missing)}</p>;
}

const STEPS: Record<FigureId, () => VNode> = {
  aqi: () => <Inputs id="aqi" />,
  pm25: () => <Inputs id="pm25" />,
  alerts: () => <Inputs id="alerts" />,
  exceeded: HoursOver,
  stations: StationStates,
  completeness: Completeness,
  slowest: FeedAges,
  balance: Balance,
  log_sources: LogSources,
  events: () => <CountedEvents id="events" />,
  severe: () => <CountedEvents id="severe" />,
  security_alerts: () => <Inputs id="security_alerts" />,
  time_to_acknowledge: () => <AlertWaits id="time_to_acknowledge" />,
  time_to_clear: () => <AlertWaits id="time_to_clear" />,
};

/** How those are made of which nothing but their inputs is shown. */
const HOW_MADE = {
  aqi: t("VN_AQI giờ mới nhất của từng trạm; trạm cao nhất quyết định và đứng đầu.", "The newest hourly VN_AQI of each station; the highest decides and comes first."),
  pm25: t(
    "Trung bình ngày mới nhất của từng trạm; trạm có tỷ lệ so với giới hạn lớn nhất quyết định và đứng đầu.",
    "The newest daily mean of each station; the largest share of its limit decides and comes first.",
  ),
  alerts: t("Mọi cảnh báo đang mở; cảnh báo chưa ai xác nhận đứng đầu.", "All alerts that are open; those nobody acknowledged come first."),
  security_alerts: t(
    "Mọi cảnh báo đang mở về nguồn nhật ký, địa chỉ, tài khoản; cảnh báo chưa ai xác nhận đứng đầu.",
    "All open alerts of log sources, addresses and accounts; those nobody acknowledged come first.",
  ),
};

/** A figure and what is stored with it, each opened as of the figure. */
function Inputs({ id }: { id: keyof typeof HOW_MADE }) {
  const figure = figureOf(id).value;
  const { value, unit: unitOf, target, word, priority } = shown(id);
  const inputs = figure?.inputs ?? [];
  return (
    <>
      <p class={`origin-figure ${priority ?? ""}`}>
        <strong>{value ?? "—"}</strong>
        <span>
          {unitOf} {priority && <Mark priority={priority} />}
          {word}
        </span>
      </p>
      <Facts
        of={[
          [say(originWords.howMade), say(HOW_MADE[id])],
          ...madeAt(figure),
          [say(kpiWords.target), target],
          [say(kpiWords.unacknowledged), id === "alerts" || id === "security_alerts" ? number(figure?.of ?? 0) : null],
        ]}
      />
      <Download
        name={id}
        of={nameOfFigure(id)}
        columns={[
          [say({ vi: "Đối tượng", en: "Subject" }), nameOf],
          [say({ vi: "Bắt đầu", en: "Start" }), ({ start }: FigureInput) => (start === 0 ? "" : at(start))],
          [say(words.value), ({ value }: FigureInput) => value],
          [say({ vi: "Ghi chú", en: "Note" }), wordOf],
        ]}
        rows={() => inputs}
      />
      <table>
        <tbody>
          {inputs.map((input) => (
            <tr key={`${input.subject}/${input.measure}/${input.start}/${input.number}`}>
              <th scope="row">
                <button type="button" class="link" onClick={() => figure && deeper(...stepTo(input, figure))}>
                  {nameOf(input)}
                </button>
              </th>
              <td>{input.kind === "index" ? period("hour", input.start, input.start + HOUR) : input.kind === "assessment" ? period("day", input.start, input.start + 24 * HOUR) : ""}</td>
              {input.kind !== "alert" && <td class="figure">{input.value === null ? "—" : number(input.value, id === "pm25" ? (pack.value?.indicators.pm25?.decimals ?? 1) : 0)}</td>}
              <td>
                {input.kind === "alert" && <Mark priority={input.word as Priority} />} {wordOf(input)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Cut of={figure} />
      {(id === "alerts" || id === "security_alerts") && (
        <button type="button" onClick={() => deeper("alerts")}>
          {say(alertWords.all)}
        </button>
      )}
    </>
  );
}

/** What is said beside an input: the rule of an alert, what decides an index or why it has none, the limit of a mean. */
function wordOf({ kind, measure, value, word }: FigureInput): string {
  if (kind === "alert") return say(pack.value?.rules[measure]?.name ?? { vi: measure, en: measure });
  if (kind === "index") return value === null ? say(reasonsOfIndex[word] ?? originWords.missing) : symbol(word);
  const limit = pack.value?.limits.find(({ id }) => id === measure);
  return limit?.high == null ? "" : `≤ ${plain(limit.high, 1)}`;
}

function symbol(indicator: string): string {
  return pack.value?.indicators[indicator]?.symbol ?? indicator;
}

/** When a figure was made, and the epoch that did. */
function saidIn(figure: Figure | null): [string, string][] {
  return figure ? [[say(originWords.asOf), fullMoment(figure.at)], [say(originWords.revision), number(figure.revision)]] : [];
}

/** That, and of which time it is. */
export function madeAt(figure: Figure | null): [string, string][] {
  if (!figure) return [];
  const period: [string, string][] = figure.start < figure.end ? [[say({ vi: "Khoảng", en: "Period" }), `${fullMoment(figure.start)} – ${fullMoment(figure.end)}`]] : [];
  return [...saidIn(figure), ...period];
}

/** Only the first of what a figure was made of is kept with it. */
export function Cut({ of: figure }: { of: Figure | null }) {
  if (!figure || isWhole(figure)) return null;
  const [kept, all] = [number(figure.inputs.length), number(figure.inputs_all)];
  return <p class="calm">{say({ vi: `${kept} trên ${all} được lưu cùng chỉ số`, en: `${kept} of ${all} are kept with the figure` })}</p>;
}

/** Whether all that a figure was made of is kept with it. */
function isWhole({ inputs, inputs_all }: Figure): boolean {
  return inputs.length >= inputs_all;
}

function nameOf({ subject }: FigureInput): string {
  return say(feedNames.value.get(subject)?.name ?? subjectName(subject));
}

/** How a station stands as the figure counted it: those that are not good are listed in it. */
function standingSaid(station: StationNames): { words: string; priority: Priority | null } {
  const figure = figureOf("stations").value;
  const said = figure?.inputs.find(({ subject }) => subject === station.id);
  if (said) {
    const standing = said.word as Standing;
    const words = standing === "partial" ? partialIn(said.value ?? 0, Object.keys(station.measures).length) : say(standingWords[standing]);
    return { words, priority: said.priority };
  }
  return figure !== null && isWhole(figure) ? { words: say(standingWords.good), priority: null } : { words: standingIn(station), priority: priorityOfStanding(station) };
}

function StationStates() {
  return (
    <>
      <Facts
        of={[
          [
            say(originWords.howMade),
            say({
              vi: "Trạm đang hoạt động, trừ trạm mất tín hiệu, số liệu cũ, chưa từng gửi hay chưa đánh giá.",
              en: "Stations in operation but for those silent, stale, never heard or not judged yet.",
            }),
          ],
          ...madeAt(figureOf("stations").value),
        ]}
      />
      <Download
        name="stations-reporting"
        of={say(words.stations)}
        columns={[
          [say(words.station), (station: StationNames) => say(station.name)],
          [say({ vi: "Trạng thái", en: "State" }), (station: StationNames) => standingSaid(station).words],
          [say(originWords.lastEvent), (station: StationNames) => at(lastEventOf(station.id))],
        ]}
        rows={stationsNow}
      />
      <table>
        <tbody>
          {stationsNow().map((station) => {
            const { words: stands, priority: ill } = standingSaid(station);
            const lastEvent = lastEventOf(station.id);
            return (
              <tr key={station.id}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => deeper("station", station.id)}>
                    {say(station.name)}
                  </button>
                </th>
                <td class={ill ?? ""}>
                  {ill && <Mark priority={ill} />} {stands}
                </td>
                <td>{lastEvent === null ? "" : roughAge(ageOf(lastEvent))}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}

/** Log sources that may not be silent: those that are not good are listed. */
function LogSources() {
  const figure = figureOf("log_sources").value;
  return (
    <>
      <Facts
        of={[
          [
            say(originWords.howMade),
            say({
              vi: "Nguồn nhật ký đã nhận được gì đó trong thời gian nó được phép im lặng, trên số nguồn không được im lặng mãi. Cảm biến mù, tức là quan sát không đủ (không có luật, rơi gói tin), vẫn được tính là có tín hiệu, nhưng chưa tốt; nó được tính dù được im lặng hay không.",
              en: "Log sources of which something came within the time they may be silent, of those that may not be silent for ever. A sensor that is blind, because it sees too little (no rules, packets dropped), is heard, and not good; it counts however long it may be silent.",
            }),
          ],
          ...madeAt(figure),
          [say(kpiWords.logSources), figure ? say({ vi: `${number(figure.count)} trên ${number(figure.expected)}`, en: `${number(figure.count)} of ${number(figure.expected)}` }) : ""],
        ]}
      />
      <table>
        <tbody>
          {(figure?.inputs ?? []).map(({ subject, word, priority }) => (
            <tr key={subject}>
              <th scope="row">
                <button type="button" class="link" onClick={() => lookAt({ source: subject, days: "31" })}>
                  {say(subjectName(subject))}
                </button>
              </th>
              <td class={priority ?? ""}>
                {priority && <Mark priority={priority} />} {say(logStandingWords[word as Standing])}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Cut of={figure} />
      <button type="button" onClick={() => lookAt({})}>
        {say(words.security)}
      </button>
    </>
  );
}

function limitOf({ word }: FigureInput): number | null {
  const limit = pack.value?.limits.find(({ id }) => id === word);
  return limit?.high ?? limit?.low ?? null;
}

function HoursOver() {
  const figure = figureOf("exceeded").value;
  const over = figure?.inputs ?? [];
  return (
    <>
      <Facts
        of={[
          [
            say(originWords.howMade),
            say({
              vi: "Số giờ × trạm có ít nhất một trung bình giờ vượt giới hạn 1 giờ đang có hiệu lực; trung bình giờ cần đủ 75 % số điểm. Liệt kê những giờ mới nhất.",
              en: "Hours × stations with at least one hourly mean over the 1-hour limit in force; a mean needs 75 % of its points. The newest are listed.",
            }),
          ],
          ...madeAt(figure),
          [
            say({ vi: "Trung bình giờ đã xét", en: "Hourly means judged" }),
            figure ? say({ vi: `${number(figure.count)} trên ${number(figure.expected)}`, en: `${number(figure.count)} of ${number(figure.expected)}` }) : "",
          ],
          [say({ vi: "Giờ vượt", en: "Hours over" }), figure?.value == null ? "" : number(figure.value)],
        ]}
      />
      <Download
        name="hours-over"
        of={say(kpiWords.exceeded)}
        columns={[
          [say(words.station), nameOf],
          [say(words.indicator), ({ measure }: FigureInput) => symbol(measure)],
          [say({ vi: "Bắt đầu", en: "Start" }), ({ start }: FigureInput) => at(start)],
          [say({ vi: "Trung bình", en: "Mean" }), ({ value }: FigureInput) => value],
          [say({ vi: "Giới hạn", en: "Limit" }), limitOf],
          [say(words.unit), ({ measure }: FigureInput) => unit(pack.value?.indicators[measure]?.unit ?? "")],
        ]}
        rows={() => over}
      />
      <table>
        <tbody>
          {over.map((input) => {
            const names = pack.value?.indicators[input.measure];
            return (
              <tr key={`${input.subject}/${input.measure}/${input.start}`}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => figure && deeper(...stepTo(input, figure))}>
                    {period("hour", input.start, input.start + HOUR)}
                  </button>
                </th>
                <td>{nameOf(input)}</td>
                <td class="figure">
                  {symbol(input.measure)} {number(input.value ?? 0, names?.decimals ?? 1)} &gt; {plain(limitOf(input) ?? 0, 1)} <small>{unit(names?.unit ?? "")}</small>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <Cut of={figure} />
    </>
  );
}

function Completeness() {
  const figure = figureOf("completeness").value;
  const short = figure?.inputs ?? [];
  return (
    <>
      <Facts
        of={[
          [
            say(originWords.howMade),
            say({
              vi: "Điểm đo đạt chất lượng trên số điểm mong đợi trong các giờ đã khép lại của 24 giờ; giờ gửi thừa không bù cho giờ thiếu. Liệt kê những chuỗi chưa đủ.",
              en: "Good points of those expected in the closed hours of 24; an hour with too many makes up for no other. Series that are not whole are listed.",
            }),
          ],
          ...madeAt(figure),
          [say({ vi: "Đạt/mong đợi", en: "Good/expected" }), figure ? `${number(figure.count)}/${number(figure.expected)}` : ""],
        ]}
      />
      <Download
        name="completeness"
        of={say(kpiWords.completeness)}
        columns={[
          [say(words.station), nameOf],
          [say(words.indicator), ({ measure }: FigureInput) => symbol(measure)],
          ["%", ({ value }: FigureInput) => value],
        ]}
        rows={() => short}
      />
      <table>
        <thead>
          <tr>
            <th scope="col">{say(words.indicator)}</th>
            <th scope="col">{say(words.station)}</th>
            <th scope="col" class="figure">%</th>
          </tr>
        </thead>
        <tbody>
          {short.map((input) => (
            <tr key={`${input.subject}/${input.measure}`}>
              <th scope="row">
                <button type="button" class="link" onClick={() => figure && deeper(...stepTo(input, figure))}>
                  {symbol(input.measure)}
                </button>
              </th>
              <td>
                <button type="button" class="link" onClick={() => deeper("station", input.subject)}>
                  {nameOf(input)}
                </button>
              </td>
              <td class="figure">{percent((input.value ?? 0) / 100)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Cut of={figure} />
      {figure && short.length === 0 && figure.expected > 0 && <p class="calm">{say({ vi: "Mọi chuỗi đều đủ.", en: "Every series is whole." })}</p>}
    </>
  );
}

function Balance() {
  const figure = figureOf("balance").value;
  const astray = figure?.inputs ?? [];
  const counted = (word: string) => number(figure?.parts.find((part) => part.word === word)?.count ?? 0);
  return (
    <>
      <Facts
        of={[
          [
            say(originWords.howMade),
            say({
              vi: "Nhận = đọc được + rỗng + không đọc được + đang xử lý; dòng = đã lưu + trùng + bị loại + đang chờ + chờ quyết định. Phần lệch là thất lạc.",
              en: "Received = decoded + empty + undecodable + in flight; rows = stored + duplicate + rejected + waiting + held. What is missing is astray.",
            }),
          ],
          ...madeAt(figure),
          [say(words.envelopes), counted("received")],
          [say(words.undecodable), counted("undecodable")],
          [say(words.rows), counted("rows")],
          [say(words.rejected), counted("rejected")],
          [say(words.astray), number(figure?.value ?? 0)],
        ]}
      />
      <Download
        name="balance"
        of={say(kpiWords.balance)}
        columns={[
          [say(words.feed), nameOf],
          [say(words.astray), ({ value }: FigureInput) => value],
        ]}
        rows={() => astray}
      />
      {astray.length === 0 ? (
        <p class="calm">
          <Check /> {say({ vi: "Mọi nguồn đều cân đối.", en: "Every feed balances." })}
        </p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{say(words.feed)}</th>
              <th scope="col" class="figure">{say(words.astray)}</th>
            </tr>
          </thead>
          <tbody>
            {astray.map((input) => (
              <tr key={input.subject}>
                <th scope="row">{nameOf(input)}</th>
                <td class={`figure ${input.priority ?? ""}`}>
                  {number(input.value ?? 0)} {input.priority && <Mark priority={input.priority} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Cut of={figure} />
    </>
  );
}

function FeedAges() {
  const figure = figureOf("slowest").value;
  const heard = figure?.inputs ?? [];
  const never = figure?.parts.find(({ word }) => word === "never")?.count ?? 0;
  const promised = ({ subject }: FigureInput) => feedNames.value.get(subject)?.silent_after ?? null;
  return (
    <>
      <Facts
        of={[
          [
            say(originWords.howMade),
            say({
              vi: "Nguồn có thời gian im lặng chiếm phần lớn nhất của mức đã hứa.",
              en: "The feed whose silence is the largest share of what it promises.",
            }),
          ],
          ...saidIn(figure),
          [say(words.neverHeard), number(never)],
        ]}
      />
      <Download
        name="feed-ages"
        of={say(kpiWords.slowest)}
        columns={[
          [say(words.feed), nameOf],
          [say(words.lastSeen), ({ start }: FigureInput) => at(start)],
          [say({ vi: "Im lặng, giây", en: "Silent, seconds" }), ({ value }: FigureInput) => (value ?? 0) / 1000],
          [say({ vi: "Đã hứa, giây", en: "Promised, seconds" }), (input: FigureInput) => (promised(input) ?? 0) / 1000],
        ]}
        rows={() => heard}
      />
      <table>
        <tbody>
          {heard.map((input) => {
            const { priority } = input;
            const promise = promised(input);
            return (
              <tr key={input.subject}>
                <th scope="row">{nameOf(input)}</th>
                <td class={`figure ${priority ?? ""}`}>
                  {priority && <Mark priority={priority} />} {roughAge(input.value ?? 0)}
                </td>
                <td class="figure">{promise === null ? "" : `≤ ${span(promise)}`}</td>
                <td>{fullMoment(input.start)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <Cut of={figure} />
    </>
  );
}
