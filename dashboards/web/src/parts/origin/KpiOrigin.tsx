import { deeper } from "../../address";
import { silence, unheardWords } from "../../attention";
import { at } from "../../csv";
import { fullMoment, number, percent, period, plain, roughAge, span, unit } from "../../format";
import { lastEventOf } from "../../freshness";
import { type HourOver, begun, completenessOf, dayBack, hoursOver, stationsNow } from "../../kpis";
import { say } from "../../language";
import type { Feed, StationNames } from "../../model";
import { priorityOfStanding, standingIn } from "../../standing";
import { ageOf, feedNames, pack } from "../../store";
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
          [say({ vi: "Trạng thái", en: "State" }), standingIn],
          [say(originWords.lastEvent), (station: StationNames) => at(lastEventOf(station.id))],
        ]}
        rows={stationsNow}
      />
      <table>
        <tbody>
          {stationsNow().map((station) => {
            const ill = priorityOfStanding(station);
            const lastEvent = lastEventOf(station.id);
            return (
              <tr key={station.id}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => deeper("station", station.id)}>
                    {say(station.name)}
                  </button>
                </th>
                <td class={ill ?? ""}>
                  {ill && <Mark priority={ill} />} {standingIn(station)}
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

function HoursOver() {
  const { over, judged } = hoursOver();
  const { from, until } = dayBack();
  const distinct = new Set(over.map(({ station, hour }) => `${station.id}/${hour.start}`)).size;
  return (
    <>
      <Facts
        of={[
          [
            say(originWords.howMade),
            say({
              vi: "Số giờ × trạm có ít nhất một trung bình giờ vượt giới hạn 1 giờ đang có hiệu lực; trung bình giờ cần đủ 75 % số điểm.",
              en: "Hours × stations with at least one hourly mean over the 1-hour limit in force; a mean needs 75 % of its points.",
            }),
          ],
          [say({ vi: "Khoảng", en: "Period" }), `${fullMoment(from)} – ${fullMoment(until)}`],
          [say({ vi: "Trung bình giờ đã xét", en: "Hourly means judged" }), number(judged)],
          [say({ vi: "Vượt", en: "Over" }), say({ vi: `${number(over.length)} trung bình trong ${number(distinct)} giờ`, en: `${number(over.length)} means in ${number(distinct)} hours` })],
        ]}
      />
      <Download
        name="hours-over"
        of={say(kpiWords.exceeded)}
        columns={[
          [say(words.station), ({ station }: HourOver) => say(station.name)],
          [say(words.indicator), ({ indicator }: HourOver) => symbol(indicator)],
          [say({ vi: "Bắt đầu", en: "Start" }), ({ hour }: HourOver) => at(hour.start)],
          [say({ vi: "Trung bình", en: "Mean" }), ({ hour }: HourOver) => hour.mean],
          [say({ vi: "Giới hạn", en: "Limit" }), ({ limit }: HourOver) => limit.high ?? limit.low],
          [say(words.unit), ({ indicator }: HourOver) => unit(pack.value?.indicators[indicator]?.unit ?? "")],
        ]}
        rows={() => over}
      />
      <table>
        <tbody>
          {over.map(({ station, indicator, hour, limit }) => {
            const names = pack.value?.indicators[indicator];
            return (
              <tr key={`${station.id}/${indicator}/${hour.start}`}>
                <th scope="row">
                  <button type="button" class="link" onClick={() => deeper("window", indicator, station.id, "hour", String(hour.start))}>
                    {period("hour", hour.start, hour.start + HOUR)}
                  </button>
                </th>
                <td>{say(station.name)}</td>
                <td class="figure">
                  {symbol(indicator)} {number(hour.mean ?? 0, names?.decimals ?? 1)} &gt; {plain(limit.high ?? limit.low ?? 0, 1)} <small>{unit(names?.unit ?? "")}</small>
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
  const { from, until } = dayBack();
  return (
    <>
      <Facts
        of={[
          [
            say(originWords.howMade),
            say({
              vi: "Điểm đo đã nhận trên số điểm mà chu kỳ đo của mỗi thông số hứa trong 24 giờ; không tính thông số chưa từng gửi.",
              en: "Points received of those that each indicator's cadence promises in 24 hours; indicators that never reported are left out.",
            }),
          ],
          [say({ vi: "Khoảng", en: "Period" }), `${fullMoment(from)} – ${fullMoment(until)}`],
        ]}
      />
      <Download
        name="completeness"
        of={say(kpiWords.completeness)}
        columns={[
          [say(words.station), ({ station }: Counted) => say(station.name)],
          [say(words.indicator), ({ indicator }: Counted) => symbol(indicator)],
          [say({ vi: "Nhận", en: "Received" }), (it: Counted) => completenessOf(it.station, it.indicator).received],
          [say({ vi: "Mong đợi", en: "Expected" }), (it: Counted) => completenessOf(it.station, it.indicator).expected],
        ]}
        rows={() => stationsNow().flatMap((station) => begun(station).map((indicator) => ({ station, indicator })))}
      />
      {stationsNow().filter((station) => begun(station).length > 0).map((station) => (
        <table key={station.id}>
          <thead>
            <tr>
              <th scope="col">
                <button type="button" class="link" onClick={() => deeper("station", station.id)}>
                  {say(station.name)}
                </button>
              </th>
              <th scope="col" class="figure">{say({ vi: "Nhận/mong đợi", en: "Received/expected" })}</th>
              <th scope="col" class="figure">%</th>
            </tr>
          </thead>
          <tbody>
            {begun(station).map((indicator) => {
              const { received, expected } = completenessOf(station, indicator);
              return (
                <tr key={indicator}>
                  <th scope="row">
                    <button type="button" class="link" onClick={() => deeper("window", indicator, station.id, "hour", String(until - HOUR))}>
                      {symbol(indicator)}
                    </button>
                  </th>
                  <td class="figure">
                    {number(received)}/{number(expected)}
                  </td>
                  <td class="figure">{percent(Math.min(1, received / expected))}</td>
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
