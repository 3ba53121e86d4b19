// What is abnormal beside the alerts of the pack's rules: the pipeline, the feeds, what stations send. Worst first. What is
// and how urgent it is, the server says; what comes with the clock alone, from when on.

import { now } from "./clock";
import { age, fullMoment, isoDay, roughAge, shortMoment } from "./format";
import { freshness, passed } from "./freshness";
import { say } from "./language";
import type { Abnormal, Feed, Priority, StationNames, Status, Text } from "./model";
import { clientWords, noticeWords } from "./words/clients";
import { ageOf, allFeeds, feedNames, pack, stateOf, status, tileOf } from "./store";
import { qualityWords, words } from "./words/page";

const ORDER: Priority[] = ["critical", "high", "medium", "low"];

export interface Concern {
  /** Stays the same while the concern lasts. */
  key: string;
  priority: Priority;
  /** Where: a station, a feed, a part of the system. */
  where: string;
  /** What is wrong. */
  what: string;
  /** Since when, on the server's clock; null where nothing tells. */
  since: number | null;
}

const PIPELINE: Text = { vi: "Bộ xử lý", en: "Pipeline" };

/** Everything of it that is so urgent that it stands above every view. */
export function urgentConcerns(): Concern[] {
  return concerns().filter(({ priority }) => priority === "critical" || priority === "high");
}

/** Everything abnormal, worst first, then oldest first. */
export function concerns(): Concern[] {
  const found = [...systemConcerns(), ...feedConcerns(), ...stationConcerns()];
  return found.sort(
    (a, b) => ORDER.indexOf(a.priority) - ORDER.indexOf(b.priority) || (a.since ?? Infinity) - (b.since ?? Infinity),
  );
}

/** What is wrong with the machinery, in words. */
const SYSTEM: Partial<Record<Abnormal["what"], (system: Status) => [where: Text, what: Text]>> = {
  not_reporting: ({ reported_ago }) => {
    const ago = age(reported_ago);
    return [PIPELINE, { vi: `không báo trạng thái đã ${ago}; số liệu đứng yên`, en: `has not reported for ${ago}; nothing moves` }];
  },
  halted: ({ halted }) => [PIPELINE, { vi: `đã dừng: ${halted}`, en: `halted: ${halted}` }],
  replaying: () => [
    PIPELINE,
    {
      vi: "đang xử lý lại các đợt đã ghi sau khi khởi động; số liệu chưa đến hiện tại",
      en: "replays recorded epochs after a start; the picture has not reached now",
    },
  ],
  bus: ({ bus }) => {
    const why = bus.state === "full" ? bus.what : bus.state === "poisoned" ? bus.cause : "";
    return [
      { vi: "Nhật ký tiếp nhận", en: "Bus" },
      bus.state === "full"
        ? { vi: `đã đầy, bên gửi phải chờ: ${why}`, en: `full, senders wait: ${why}` }
        : { vi: `không ghi được nữa: ${why}`, en: `takes nothing more: ${why}` },
    ];
  },
  stalled: () => [PIPELINE, { vi: "bị nghẽn, không đợt nào hoàn thành", en: "stalled, no epoch gets done" }],
  held_back: ({ held_back: { count, senders } }) => {
    const names = senders.join(", ") + (senders.length < count ? ", …" : "");
    return [
      PIPELINE,
      {
        vi: `chưa xử lý kịp; phải chờ vì gửi quá phần của mình (${count}): ${names}`,
        en: `is behind; held back to their share (${count}): ${names}`,
      },
    ];
  },
  pack: ({ pack: { state, why } }) => {
    const reasons = why.join("; ");
    const texts: Partial<Record<typeof state, Text>> = {
      changed: { vi: "thư mục đã thay đổi, chưa áp dụng (ioc reload)", en: "the folder has changed and is not in effect (ioc reload)" },
      needs_restart: { vi: `thay đổi cần khởi động lại: ${reasons}`, en: `the change needs a restart: ${reasons}` },
      faulty: { vi: `thay đổi có lỗi, chưa áp dụng: ${reasons}`, en: `the change has faults and is not in effect: ${reasons}` },
    };
    return [{ vi: "Gói tỉnh", en: "Province pack" }, texts[state] ?? { vi: state, en: state }];
  },
  archive: ({ archive: { state, cause, missing_offsets } }) => {
    const why = cause ?? "";
    return [
      { vi: "Kho lưu trữ", en: "Archive" },
      state === "full"
        ? { vi: `đã đầy, nhật ký không được dọn: ${why}`, en: `full, the log is not cleared: ${why}` }
        : state === "failing"
          ? { vi: `không ghi được: ${why}`, en: `cannot be written: ${why}` }
          : { vi: `thiếu ${missing_offsets} gói tin`, en: `${missing_offsets} envelopes missing` },
    ];
  },
  clickhouse: ({ outstanding_epochs }) => [
    { vi: "ClickHouse", en: "ClickHouse" },
    {
      vi: `không trả lời; ${outstanding_epochs} đợt đang chờ, số liệu đứng yên`,
      en: `does not answer; ${outstanding_epochs} epochs wait, nothing moves`,
    },
  ],
};

function systemConcerns(): Concern[] {
  const system = status.value;
  if (!system) {
    const what = say({ vi: "chưa báo trạng thái", en: "has not reported yet" });
    return [{ key: "not_reporting", priority: "high", where: say(PIPELINE), what, since: null }];
  }
  const found = system.concerns.flatMap(({ what, priority, since }): Concern[] => {
    const said = SYSTEM[what]?.(system);
    return said ? [{ key: what, priority, where: say(said[0]), what: say(said[1]), since }] : [];
  });
  for (const notice of system.door ?? []) {
    const who = [notice.user, notice.client_id].filter((name) => name !== "").join("/") || "?";
    const peers = notice.former === "" ? notice.peer : `${notice.former} → ${notice.peer}`;
    found.push({
      key: `door/${notice.what}/${notice.user}/${notice.client_id}`,
      priority: notice.priority,
      where: say(clientWords.door),
      what: `${who}: ${say(noticeWords[notice.what])} (${notice.count}×, ${peers})`,
      since: notice.last,
    });
  }
  return found;
}

/** What is wrong with a feed, in words. */
const OF_FEED: Partial<Record<Abnormal["what"], (feed: Feed) => Text>> = {
  held: ({ counts }) => ({
    vi: `${counts.held} dòng sẽ thay đổi số liệu đã chốt từ lâu, chờ người quyết định`,
    en: `${counts.held} rows would change what was judged long ago and wait for a decision`,
  }),
  astray: (feed) => ({
    vi: `không cân đối: thất lạc ${feed.envelopes_astray} gói tin, ${feed.rows_astray} dòng`,
    en: `does not balance: ${feed.envelopes_astray} envelopes, ${feed.rows_astray} rows astray`,
  }),
  only_rejects: ({ only_rejects }) => ({
    vi: `mọi bản tin gửi đến đều bị loại (${only_rejects?.messages} liên tiếp)`,
    en: `everything it sends is rejected (${only_rejects?.messages} in a row)`,
  }),
};

function feedConcerns(): Concern[] {
  const found: Concern[] = [];
  // One concern for all of them: before the first envelope a whole pack of feeds is quiet, and the strip names each.
  const quiet: Record<"never" | "unknown", Feed[]> = { never: [], unknown: [] };
  for (const shown of allFeeds()) {
    const feed = shown.value;
    const names = feedNames.value.get(feed.id);
    const where = names ? say(names.name) : feed.id;
    for (const { what, priority, since } of feed.concerns) {
      const words = OF_FEED[what]?.(feed);
      if (words) found.push({ key: `${what}/${feed.id}`, priority, where, what: say(words), since });
    }
    const silent = silence(feed);
    if (silent === "silent" && feed.priority) {
      found.push({
        key: `silent/${feed.id}`,
        priority: feed.priority,
        where,
        what: say({ vi: "mất tín hiệu", en: "silent" }),
        since: feed.last_received,
      });
    } else if (silent === "never" || silent === "unknown") {
      quiet[silent].push(feed);
    }
  }
  const feeds = say({ vi: "Nguồn dữ liệu", en: "Feeds" });
  const never = quiet.never.length;
  if (quiet.never[0]?.priority) {
    const what = say({ vi: `${never} nguồn chưa từng gửi`, en: `${never} have never sent` });
    found.push({ key: "never-sent", priority: quiet.never[0].priority, where: feeds, what, since: null });
  }
  const unknown = quiet.unknown.length;
  if (quiet.unknown[0]?.priority) {
    const what = say({
      vi: `${unknown} nguồn chưa gửi lại từ khi máy chủ khởi động`,
      en: `${unknown} have not sent since the server started`,
    });
    found.push({ key: "not-heard", priority: quiet.unknown[0].priority, where: feeds, what, since: null });
  }
  return found;
}

/** Whether values are expected of a station on a local day. */
export function inOperation(station: StationNames, today: string): boolean {
  return station.valid_from <= today && (station.valid_to === null || station.valid_to >= today);
}

function stationConcerns(): Concern[] {
  const found: Concern[] = [];
  const today = isoDay(now.value);
  for (const station of pack.value?.stations ?? []) {
    if (!inOperation(station, today)) continue;
    const tiles = Object.keys(station.measures).map((indicator) => tileOf(station.id, indicator).value);
    const where = say(station.name);
    const { missing, concerns } = stateOf(station.id).value;
    for (const { what, priority, since } of concerns) {
      const words =
        what === "stale"
          ? { vi: `${missing.stale}/${missing.all} thông số đã cũ`, en: `${missing.stale} of ${missing.all} indicators stale` }
          : { vi: `${missing.never}/${missing.all} thông số chưa từng gửi`, en: `${missing.never} of ${missing.all} indicators never reported` };
      found.push({ key: `${what}/${station.id}`, priority, where, what: say(words), since });
    }
    for (const tile of tiles) {
      const priority = tile.latest?.priority;
      if (!tile.latest || !priority || freshness(tile) === "stale") continue;
      const symbol = pack.value?.indicators[tile.indicator]?.symbol ?? tile.indicator;
      found.push({
        key: `quality/${station.id}/${tile.indicator}`,
        priority,
        where,
        what: `${symbol}: ${say(qualityWords[tile.latest.quality])}`,
        since: tile.latest.event_time,
      });
    }
  }
  return found;
}

export type Silence = Feed["standing"] | "silent";

/** Whether a feed is silent: the server says from when on. */
export function silence({ standing, silent_from }: Feed): Silence {
  return passed(silent_from) ? "silent" : standing;
}

/** How urgent it is that nothing is heard of a feed; null while it is heard. */
export function priorityOfSilence(feed: Feed): Priority | null {
  return silence(feed) === "heard" ? null : feed.priority;
}

/** That something a feed sent is not accounted for; nothing where all is. */
export function astrayOf({ concerns }: Feed): Abnormal | undefined {
  return concerns.find(({ what }) => what === "astray");
}

const URGENCY: Silence[] = ["silent", "unknown", "never", "heard", "no_promise"];

/** Feeds that something is wrong with first. */
export function byUrgency(one: Feed, other: Feed): number {
  const urgency = (feed: Feed) => (astrayOf(feed) ? -1 : URGENCY.indexOf(silence(feed)));
  return urgency(one) - urgency(other);
}

/** Of a feed whose last signal is not known: something of it is there, or it never sent. */
export function unheardWords({ counts }: Feed): Text {
  return counts.received > 0 ? words.unheard : words.neverHeard;
}

/** Since when, short on screen and whole for a reader that asks. */
export function sinceWhen(concern: Concern): { short: string; whole: string } | null {
  if (concern.since === null || !Number.isFinite(concern.since)) return null;
  return { short: `${shortMoment(concern.since)} (${roughAge(ageOf(concern.since))})`, whole: fullMoment(concern.since) };
}
