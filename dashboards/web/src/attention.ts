// What is abnormal beside the alerts of the pack's rules: the pipeline, the feeds, what stations send. Worst first.

import { now } from "./clock";
import { age, fullMoment, isoDay, roughAge, shortMoment } from "./format";
import { freshness } from "./freshness";
import { say } from "./language";
import type { Feed, Priority, Quality, StationNames, Text } from "./model";
import { clientWords, noticeWords } from "./words/clients";
import { ageOf, allFeeds, feedNames, grace, pack, status, STOPPED_AFTER, tileOf } from "./store";
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

const qualityPriority: Partial<Record<Quality, Priority>> = {
  device_error: "medium",
  out_of_range: "medium",
  suspect: "low",
};

/** The priority of a value's quality; none for good values and planned calibration. */
export function priorityOfQuality(quality: Quality): Priority | null {
  return qualityPriority[quality] ?? null;
}

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

function systemConcerns(): Concern[] {
  const found: Concern[] = [];
  const system = status.value;
  const pipeline = say({ vi: "Bộ xử lý", en: "Pipeline" });
  const add = (key: string, priority: Priority, where: string, text: Text, since: number | null) =>
    found.push({ key, priority, where, what: say(text), since });
  if (!system) {
    add("silent-pipeline", "high", pipeline, { vi: "chưa báo trạng thái", en: "has not reported yet" }, null);
    return found;
  }
  if (system.reported_ago > STOPPED_AFTER) {
    const ago = age(system.reported_ago);
    add(
      "silent-pipeline",
      "critical",
      pipeline,
      { vi: `không báo trạng thái đã ${ago}; số liệu đứng yên`, en: `has not reported for ${ago}; nothing moves` },
      system.now,
    );
  }
  if (system.halted !== null) {
    add(
      "halted",
      "critical",
      pipeline,
      { vi: `đã dừng: ${system.halted}`, en: `halted: ${system.halted}` },
      null,
    );
  }
  if (system.replaying) {
    add(
      "replaying",
      "low",
      pipeline,
      {
        vi: "đang xử lý lại các đợt đã ghi sau khi khởi động; số liệu chưa đến hiện tại",
        en: "replays recorded epochs after a start; the picture has not reached now",
      },
      null,
    );
  }
  if (system.bus.state === "poisoned") {
    add(
      "bus",
      "critical",
      say({ vi: "Nhật ký tiếp nhận", en: "Bus" }),
      { vi: `không ghi được nữa: ${system.bus.cause}`, en: `takes nothing more: ${system.bus.cause}` },
      system.bus.since,
    );
  } else if (system.bus.state === "full") {
    add(
      "bus",
      "critical",
      say({ vi: "Nhật ký tiếp nhận", en: "Bus" }),
      { vi: `đã đầy, bên gửi phải chờ: ${system.bus.what}`, en: `full, senders wait: ${system.bus.what}` },
      system.bus.since,
    );
  }
  if (system.stalled_since != null) {
    add(
      "stalled",
      "critical",
      pipeline,
      { vi: "bị nghẽn, không đợt nào hoàn thành", en: "stalled, no epoch gets done" },
      system.stalled_since,
    );
  }
  if (system.held_back && system.held_back.count > 0) {
    const { count, senders } = system.held_back;
    const names = senders.join(", ") + (senders.length < count ? ", …" : "");
    add(
      "held-back",
      "medium",
      pipeline,
      {
        vi: `chưa xử lý kịp; phải chờ vì gửi quá phần của mình (${count}): ${names}`,
        en: `is behind; held back to their share (${count}): ${names}`,
      },
      null,
    );
  }
  if (system.pack && system.pack.state !== "current") {
    const state = system.pack.state;
    const reasons = system.pack.why.join("; ");
    const texts: Record<typeof state, Text> = {
      changed: { vi: "thư mục đã thay đổi, chưa áp dụng (ioc reload)", en: "the folder has changed and is not in effect (ioc reload)" },
      needs_restart: { vi: `thay đổi cần khởi động lại: ${reasons}`, en: `the change needs a restart: ${reasons}` },
      faulty: { vi: `thay đổi có lỗi, chưa áp dụng: ${reasons}`, en: `the change has faults and is not in effect: ${reasons}` },
    };
    add("pack", "medium", say({ vi: "Gói tỉnh", en: "Province pack" }), texts[state], system.pack.since);
  }
  for (const notice of system.door ?? []) {
    const who = [notice.user, notice.client_id].filter((name) => name !== "").join("/") || "?";
    const peers = notice.former === "" ? notice.peer : `${notice.former} → ${notice.peer}`;
    const happened = noticeWords[notice.what];
    add(
      `door/${notice.what}/${notice.user}/${notice.client_id}`,
      // Once is a gateway that came again; again and again is two with one identifier.
      notice.count > 2 ? "medium" : "low",
      say(clientWords.door),
      { vi: `${who}: ${happened.vi} (${notice.count}×, ${peers})`, en: `${who}: ${happened.en} (${notice.count}×, ${peers})` },
      notice.last,
    );
  }
  const archive = system.archive;
  if (archive && (archive.state === "full" || archive.state === "failing" || archive.missing_offsets > 0)) {
    const why = archive.cause ?? "";
    add(
      "archive",
      "high",
      say({ vi: "Kho lưu trữ", en: "Archive" }),
      archive.state === "full"
        ? { vi: `đã đầy, nhật ký không được dọn: ${why}`, en: `full, the log is not cleared: ${why}` }
        : archive.state === "failing"
          ? { vi: `không ghi được: ${why}`, en: `cannot be written: ${why}` }
          : { vi: `thiếu ${archive.missing_offsets} gói tin`, en: `${archive.missing_offsets} envelopes missing` },
      archive.since,
    );
  }
  if (system.clickhouse.state === "away") {
    add(
      "clickhouse",
      "critical",
      "ClickHouse",
      {
        vi: `không trả lời; ${system.outstanding_epochs} đợt đang chờ, số liệu đứng yên`,
        en: `does not answer; ${system.outstanding_epochs} epochs wait, nothing moves`,
      },
      system.clickhouse.since,
    );
  }
  return found;
}

function feedConcerns(): Concern[] {
  const found: Concern[] = [];
  // One concern for all of them: before the first envelope a whole pack of feeds is quiet, and the strip names each.
  const quiet = { never: 0, unknown: 0 };
  for (const shown of allFeeds()) {
    const feed = shown.value;
    const names = feedNames.value.get(feed.id);
    const where = names ? say(names.name) : feed.id;
    if (feed.counts.held > 0) {
      found.push({
        key: `held/${feed.id}`,
        priority: "high",
        where,
        what: say({
          vi: `${feed.counts.held} dòng sẽ thay đổi số liệu đã chốt từ lâu, chờ người quyết định`,
          en: `${feed.counts.held} rows would change what was judged long ago and wait for a decision`,
        }),
        since: null,
      });
    }
    if (feed.envelopes_astray !== 0 || feed.rows_astray !== 0) {
      found.push({
        key: `astray/${feed.id}`,
        priority: "critical",
        where,
        what: say({
          vi: `không cân đối: thất lạc ${feed.envelopes_astray} gói tin, ${feed.rows_astray} dòng`,
          en: `does not balance: ${feed.envelopes_astray} envelopes, ${feed.rows_astray} rows astray`,
        }),
        since: null,
      });
    }
    if (feed.only_rejects) {
      const { messages, since } = feed.only_rejects;
      found.push({
        key: `only-rejects/${feed.id}`,
        priority: "high",
        where,
        what: say({
          vi: `mọi bản tin gửi đến đều bị loại (${messages} liên tiếp)`,
          en: `everything it sends is rejected (${messages} in a row)`,
        }),
        since,
      });
    }
    const silent = silence(feed, names?.silent_after ?? null);
    if (silent === "silent") {
      found.push({
        key: `silent/${feed.id}`,
        priority: "high",
        where,
        what: say({ vi: "mất tín hiệu", en: "silent" }),
        since: feed.last_received,
      });
    } else if (silent === "never" || silent === "unknown") {
      quiet[silent] += 1;
    }
  }
  const feeds = say({ vi: "Nguồn dữ liệu", en: "Feeds" });
  if (quiet.never > 0) {
    const what = say({ vi: `${quiet.never} nguồn chưa từng gửi`, en: `${quiet.never} have never sent` });
    found.push({ key: "never-sent", priority: "low", where: feeds, what, since: null });
  }
  if (quiet.unknown > 0) {
    const what = say({
      vi: `${quiet.unknown} nguồn chưa gửi lại từ khi máy chủ khởi động`,
      en: `${quiet.unknown} have not sent since the server started`,
    });
    found.push({ key: "not-heard", priority: "low", where: feeds, what, since: null });
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
    const stale = tiles.filter((tile) => freshness(tile) === "stale");
    if (stale.length > 0) {
      found.push({
        key: `stale/${station.id}`,
        priority: "medium",
        where,
        what: say({
          vi: `${stale.length}/${tiles.length} thông số đã cũ`,
          en: `${stale.length} of ${tiles.length} indicators stale`,
        }),
        since: Math.min(...stale.map((tile) => tile.latest?.event_time ?? Infinity)),
      });
    }
    const never = tiles.filter((tile) => !tile.latest);
    if (never.length > 0) {
      found.push({
        key: `never/${station.id}`,
        priority: "low",
        where,
        what: say({
          vi: `${never.length}/${tiles.length} thông số chưa từng gửi`,
          en: `${never.length} of ${tiles.length} indicators never reported`,
        }),
        since: null,
      });
    }
    for (const tile of tiles) {
      const priority = tile.latest && priorityOfQuality(tile.latest.quality);
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

export type Silence = "on-time" | "silent" | "never" | "unknown" | "no-promise";

/**
 * Whether a feed is silent: past its promise, never heard at all, or heard at a moment nobody remembers. Feeds that
 * promise nothing are never silent.
 */
export function silence({ last_received, counts }: Feed, silentAfter: number | null): Silence {
  if (silentAfter === null) return "no-promise";
  if (last_received === null) return counts.received > 0 ? "unknown" : "never";
  return ageOf(last_received) > silentAfter + grace() ? "silent" : "on-time";
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
