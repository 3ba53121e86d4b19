import { deeper, view, way } from "../../address";
import { silence, unheardWords } from "../../attention";
import { at } from "../../csv";
import { fullMoment, number, percent, period, plain, roughAge, span, unit } from "../../format";
import { lastEventOf } from "../../freshness";
import { completenessOf, counted, stationsNow } from "../../figures";
import { say } from "../../language";
import type { Feed, FigureInput, Priority, StationNames } from "../../model";
import { type Standing, priorityOfStanding, standingIn, standingWords } from "../../standing";
import { ageOf, feedNames, figureOf, pack, stationNames, subjectName } from "../../store";
import { originWords } from "../../words/alerts";
import { kpiWords } from "../../words/overview";
import { words } from "../../words/page";
import { feedsInOrder, nameOfFeed } from "../feeds/Feeds";
import { Download } from "../frame/Download";
import { Check, Mark } from "../frame/Mark";
import { Facts } from "./Asked";

const HOUR = 3_600_000;

/** What a figure that is counted on this page was counted from. */
export function KpiStep({ id }: { id: string }) {
  switch (id) {
    case "stations":
      return <StationStates />;
    case "exceeded":
      return <HoursOver />;
    case "completeness":
      return <Completeness />;
    case "balance":
      return <Balance />;
    case "log_sources":
      return <LogSources />;
    default:
      return <FeedAges />;
  }
}

function seconds(milliseconds: number | null | undefined): number | null {
  return milliseconds == null ? null : milliseconds / 1000;
}

function symbol(indicator: string): string {
  return pack.value?.indicators[indicator]?.symbol ?? indicator;
}

/** How a station stands as the figure counted it: those that are not good are listed in it. */
function standingSaid(station: StationNames): { words: string; priority: Priority | null } {
  const inputs = figureOf("stations").value?.inputs ?? [];
  const said = inputs.find(({ subject }) => subject === station.id);
  if (!said) return { words: standingIn(station), priority: priorityOfStanding(station) };
  const all = Object.keys(station.measures).length;
  const [missing, standing] = [said.value ?? 0, said.word as Standing];
  const words = standing === "partial" ? { vi: `thiếu ${number(missing)}/${number(all)}`, en: `${number(missing)} of ${number(all)} missing` } : standingWords[standing];
  const urgent: Partial<Record<Standing, Priority>> = { silent: "high", error: "medium", partial: "medium", never: "low" };
  return { words: say(words), priority: urgent[standing] ?? null };
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
  const look = () => {
    way.value = [];
    view.value = "security";
  };
  return (
    <>
      <Facts
        of={[
          [
            say(originWords.howMade),
            say({
              vi: "Nguồn nhật ký đã nhận được gì đó trong thời gian nó được phép im lặng, trên số nguồn không được im lặng mãi. Cảm biến quan sát không đủ (không có luật, rơi gói tin) vẫn được tính là nghe được, nhưng chưa tốt.",
              en: "Log sources of which something came within the time they may be silent, of those that may not be silent for ever. A sensor that sees too little (no rules, packets dropped) is heard, and not good.",
            }),
          ],
          [say(kpiWords.logSources), figure ? say({ vi: `${number(figure.count)} trên ${number(figure.expected)}`, en: `${number(figure.count)} of ${number(figure.expected)}` }) : ""],
        ]}
      />
      <ul>
        {(figure?.inputs ?? []).map(({ subject, word }) => (
          <li key={subject}>
            {say(subjectName(subject))}: {say(standingWords[word as Standing])}
          </li>
        ))}
      </ul>
      <button type="button" onClick={look}>
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
  const nameOf = ({ subject }: FigureInput) => say(stationNames.value.get(subject)?.name ?? { vi: subject, en: subject });
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
          [say({ vi: "Khoảng", en: "Period" }), figure ? `${fullMoment(figure.start)} – ${fullMoment(figure.end)}` : ""],
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
                  <button type="button" class="link" onClick={() => deeper("window", input.measure, input.subject, "hour", String(input.start))}>
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
    </>
  );
}

interface Counted {
  station: StationNames;
  indicator: string;
}

function Completeness() {
  const figure = figureOf("completeness").value;
  const until = figure?.end ?? 0;
  return (
    <>
      <Facts
        of={[
          [
            say(originWords.howMade),
            say({
              vi: "Điểm đo đạt chất lượng trên số điểm mong đợi trong các giờ đã khép lại của 24 giờ; giờ gửi thừa không bù cho giờ thiếu.",
              en: "Good points of those expected in the closed hours of 24; an hour with too many makes up for no other.",
            }),
          ],
          [say({ vi: "Khoảng", en: "Period" }), figure ? `${fullMoment(figure.start)} – ${fullMoment(figure.end)}` : ""],
        ]}
      />
      <Download
        name="completeness"
        of={say(kpiWords.completeness)}
        columns={[
          [say(words.station), ({ station }: Counted) => say(station.name)],
          [say(words.indicator), ({ indicator }: Counted) => symbol(indicator)],
          [say({ vi: "Đạt", en: "Good" }), (it: Counted) => completenessOf(it.station, it.indicator).good],
          [say({ vi: "Mong đợi", en: "Expected" }), (it: Counted) => completenessOf(it.station, it.indicator).expected],
        ]}
        rows={() => stationsNow().flatMap((station) => counted(station).map((indicator) => ({ station, indicator })))}
      />
      {stationsNow().filter((station) => counted(station).length > 0).map((station) => (
        <table key={station.id}>
          <thead>
            <tr>
              <th scope="col">
                <button type="button" class="link" onClick={() => deeper("station", station.id)}>
                  {say(station.name)}
                </button>
              </th>
              <th scope="col" class="figure">{say({ vi: "Đạt/mong đợi", en: "Good/expected" })}</th>
              <th scope="col" class="figure">%</th>
            </tr>
          </thead>
          <tbody>
            {counted(station).map((indicator) => {
              const { good, expected } = completenessOf(station, indicator);
              return (
                <tr key={indicator}>
                  <th scope="row">
                    <button type="button" class="link" onClick={() => deeper("window", indicator, station.id, "hour", String(until - HOUR))}>
                      {symbol(indicator)}
                    </button>
                  </th>
                  <td class="figure">
                    {number(good)}/{number(expected)}
                  </td>
                  <td class="figure">{percent(good / expected)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      ))}
    </>
  );
}

function Balance() {
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
        ]}
      />
      <Download
        name="balance"
        of={say(kpiWords.balance)}
        columns={[
          [say(words.feed), nameOfFeed],
          [say(words.envelopes), ({ counts }: Feed) => counts.received],
          [say(words.rows), ({ counts }: Feed) => counts.rows],
          [say(words.astray), (feed: Feed) => Math.abs(feed.envelopes_astray) + Math.abs(feed.rows_astray)],
        ]}
        rows={feedsInOrder}
      />
      <table>
        <thead>
          <tr>
            <th scope="col">{say(words.feed)}</th>
            <th scope="col" class="figure">{say(words.envelopes)}</th>
            <th scope="col" class="figure">{say(words.rows)}</th>
            <th scope="col" class="figure">{say(words.astray)}</th>
          </tr>
        </thead>
        <tbody>
          {feedsInOrder().map((feed) => {
            const names = feedNames.value.get(feed.id);
            const astray = Math.abs(feed.envelopes_astray) + Math.abs(feed.rows_astray);
            return (
              <tr key={feed.id}>
                <th scope="row">{names ? say(names.name) : feed.id}</th>
                <td class="figure">{number(feed.counts.received)}</td>
                <td class="figure">{number(feed.counts.rows)}</td>
                <td class={`figure ${astray > 0 ? "critical" : ""}`}>
                  {number(astray)} {astray === 0 ? <Check /> : <Mark priority="critical" />}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}

function FeedAges() {
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
        ]}
      />
      <Download
        name="feed-ages"
        of={say(kpiWords.slowest)}
        columns={[
          [say(words.feed), nameOfFeed],
          [say(words.lastSeen), ({ last_received }: Feed) => at(last_received)],
          [say({ vi: "Đã hứa, giây", en: "Promised, seconds" }), ({ id }: Feed) => seconds(feedNames.value.get(id)?.silent_after)],
        ]}
        rows={feedsInOrder}
      />
      <table>
        <tbody>
          {feedsInOrder().map((feed) => {
            const names = feedNames.value.get(feed.id);
            const promise = names?.silent_after ?? null;
            const silent = silence(feed, promise) === "silent";
            return (
              <tr key={feed.id}>
                <th scope="row">{names ? say(names.name) : feed.id}</th>
                <td class={`figure ${silent ? "high" : ""}`}>
                  {silent && <Mark priority="high" />} {feed.last_received === null ? say(unheardWords(feed)) : roughAge(ageOf(feed.last_received))}
                </td>
                <td class="figure">{promise === null ? "" : `≤ ${span(promise)}`}</td>
                <td>{feed.last_received === null ? "" : fullMoment(feed.last_received)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
