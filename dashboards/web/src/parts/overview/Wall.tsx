import { type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { chooseSeries } from "../../address";
import { indexOfKind } from "../../judgement";
import { figureIds, stationsNow } from "../../figures";
import { type Block, type Plan, plan } from "../../plan";
import { selection } from "../../selection";
import { alerts, pack } from "../../store";
import { ROTATE_EVERY, onePage, paged, shift } from "../../wall";
import { Urgent } from "../frame/Attention";
import { AlertList } from "./AlertList";
import { FeedStrip } from "./FeedStrip";
import { Kpis } from "./Kpis";
import { ProvinceMap } from "./ProvinceMap";
import { Trend } from "./Trend";

/** The overview for a wall: all of it where the wall has the room, else page by page, each thing whole. */
export function Wall() {
  useRotation();
  const [x, y] = shift.value;
  const body = useRef<HTMLDivElement>(null);
  const size = useSize(body);
  const shown = size.value && plan(size.value.width, size.value.height, figureIds.value.length);
  const at = usePage(shown);
  return (
    <div class="overview" style={{ transform: `translate(${x}px, ${y}px)` }}>
      <Urgent />
      <div class="wall-body" ref={body}>
        {shown && (shown.whole ? <Whole of={shown} /> : <Page of={shown} at={at} />)}
      </div>
    </div>
  );
}

function Whole({ of }: { of: Plan }) {
  return (
    <div class="overview-grid">
      <div class="overview-left">
        <Kpis />
      </div>
      <ProvinceMap />
      <AlertList />
      <Trend />
      <FeedStrip cells={of.strip} />
    </div>
  );
}

function Page({ of, at }: { of: Plan; at: number }) {
  return (
    <div class="wall-page" data-page={at}>
      <div class="wall-blocks" data-low={of.low || undefined}>
        {(of.pages[at] ?? []).map((block) => (
          <Part key={JSON.stringify(block)} block={block} of={of} />
        ))}
      </div>
      {of.strip > 0 && <FeedStrip cells={of.strip} />}
    </div>
  );
}

function Part({ block, of: { columns, lines } }: { block: Block; of: Plan }) {
  switch (block.kind) {
    case "alerts":
      return <AlertList />;
    case "figures":
      return <Kpis from={block.from} until={block.until} columns={columns} lines={lines} />;
    case "map":
      return <ProvinceMap />;
    case "trend":
      return <Trend />;
    case "feeds":
      return <FeedStrip cells={null} />;
  }
}

/** The trend goes from station to station; something critical holds it at its own. */
function useRotation(): void {
  useEffect(() => {
    const turn = () => {
      const critical = [...alerts.peek().values()].find((alert) => alert.active && alert.priority === "critical");
      const series = stationsNow()
        .map((station) => ({ station, index: indexOfKind(station.kind) }))
        .filter(({ index }) => index !== null && pack.peek()?.indices[index] !== undefined);
      const at = series.findIndex(({ station }) => station.id === (critical?.subject ?? selection.peek()?.subject));
      const next = series[critical && at >= 0 ? at : (at + 1) % Math.max(1, series.length)];
      if (next?.index) chooseSeries(next.station.id, next.index);
    };
    const timer = setInterval(turn, ROTATE_EVERY);
    return () => clearInterval(timer);
  }, []);
}

/** The room of the body in letters. */
function useSize(body: { current: HTMLElement | null }): Signal<{ width: number; height: number } | null> {
  const size = useSignal<{ width: number; height: number } | null>(null);
  useLayoutEffect(() => {
    const at = body.current;
    if (!at) return;
    const measure = () => {
      const letter = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
      size.value = { width: at.clientWidth / letter, height: at.clientHeight / letter };
    };
    const watch = new ResizeObserver(measure);
    watch.observe(at);
    measure();
    return () => watch.disconnect();
  }, []);
  return size;
}

/** The page that is on. They turn, unless something critical that nobody took holds the first, the alerts'. */
function usePage(of: Plan | null): number {
  const turned = useSignal(0);
  const count = of?.pages.length ?? 1;
  const held = useComputed(() => [...alerts.value.values()].some((it) => it.active && !it.acknowledged && it.priority === "critical")).value;
  useEffect(() => {
    if (held) turned.value = 0;
    if (held) return;
    const timer = setInterval(() => (turned.value += 1), ROTATE_EVERY);
    return () => clearInterval(timer);
  }, [held]);
  const at = onePage !== null ? Math.min(onePage, count) - 1 : held ? 0 : turned.value % count;
  useEffect(() => {
    paged.value = count < 2 ? null : [at + 1, count];
  }, [at, count]);
  return at;
}
