import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { ReportDomain, ReportIndicator, ReportSum, ReportValues } from "../../api";
import { type Answered, useAnswer } from "../../asking";
import { number, unit } from "../../format";
import { say } from "../../language";
import { ROTATE_EVERY, shift } from "../../wall";
import { domainWords } from "../../words/domain";
import { mapsWords } from "../../words/maps";
import { words } from "../../words/page";
import { Urgent } from "../frame/Attention";
import { useWholeRows } from "../frame/wholeRows";
import { domainUrl, placedUrl } from "./chosen";
import { type DomainOf, Value } from "./Domain";
import { DomainMap, Ranked, ranked } from "./DomainMap";
import { placeName } from "./names";
import { placedOf } from "./placed";
import { PeriodSaid } from "./Said";
import { FeedLine, feedsOf } from "./Reporting";

/** Figures beside each other, and the room that each needs, in rem. */
const FIGURES = 4;
const FIGURE = 12;

/** For a wall: a form after the other, each with its figures, its map, the largest and who is missing. */
export function domainWall(of: DomainOf) {
  return () => <Wall of={of} />;
}

function Wall({ of }: { of: DomainOf }) {
  const [x, y] = shift.value;
  const wanted = useSignal<string | null>(null);
  // Of no form it is the first; whichever is asked for, all are named.
  const answer = useAnswer<ReportDomain>(domainUrl(of, wanted.value ?? ""), true);
  useEffect(() => {
    const next = () => {
      const { said } = answer.peek();
      if (!said || said.forms.length === 0) return;
      const at = said.forms.findIndex(({ id }) => id === (wanted.peek() ?? said.form));
      wanted.value = said.forms[(at + 1) % said.forms.length]?.id ?? null;
    };
    const timer = window.setInterval(next, ROTATE_EVERY);
    return () => window.clearInterval(timer);
  }, []);
  const { said, trouble } = answer.value;
  const form = said?.forms.find(({ id }) => id === said.form);
  return (
    <div class="domain-wall" style={{ transform: `translate(${x}px, ${y}px)` }}>
      <div class="domain-wall-all">
        <Urgent />
        {trouble && <p class="event-trouble">{say(trouble)}</p>}
        {!said && !trouble && <p class="calm">{say(words.loading)}</p>}
        {said?.forms.length === 0 && <p class="panel listed calm">{say(domainWords.noForms)}</p>}
        {said && form && <Form key={form.id} said={said} form={form.id} feeds={form.feeds} name={say(form.name)} />}
      </div>
    </div>
  );
}

/** As wide as the row of figures, and how many have room in it. */
export function useFigures<E extends HTMLElement>() {
  const row = useRef<E>(null);
  const room = useSignal(1);
  useLayoutEffect(() => {
    const at = row.current;
    if (!at) return;
    const measure = () => {
      const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
      room.value = Math.min(FIGURES, Math.max(1, Math.floor(at.clientWidth / (FIGURE * rem))));
    };
    const watch = new ResizeObserver(measure);
    watch.observe(at);
    measure();
    return () => watch.disconnect();
  }, []);
  return [row, room.value] as const;
}

function Form({ said, form, feeds, name }: { said: ReportDomain; form: string; feeds: string[]; name: string }) {
  // The title is as wide as the figures, and there before them.
  const [title, figures] = useFigures<HTMLHeadingElement>();
  const part = said.parts[0]?.id ?? "";
  const shown = said.series.filter((one) => one.part === part);
  const newest = shown.flatMap(({ points }) => points).sort((a, b) => (a.period.start < b.period.start ? 1 : -1))[0];
  return (
    <>
      <h2 class="domain-wall-title" ref={title}>
        {/* A long name is cut, and not what it is of. */}
        {newest && (
          <small>
            <PeriodSaid of={newest.period} />
            {shown.length > figures && ` · +${number(shown.length - figures)} ${say(words.more)}`}
            {" · "}
          </small>
        )}
        {name}
      </h2>
      {!newest && <p class="panel listed calm">{say(domainWords.nothing)}</p>}
      {newest && (
        <>
          <section class="domain-wall-figures" aria-label={say(domainWords.figures)}>
            {shown.slice(0, figures).map(({ indicator, points }) => (
              <Figure
                key={indicator}
                id={indicator}
                named={said.indicators.find(({ id }) => id === indicator)}
                at={points.find(({ period }) => period.label === newest.period.label)}
              />
            ))}
          </section>
          <Places key={newest.period.label} form={form} period={newest.period.label} part={part} feeds={feeds} named={said.indicators.find(({ id }) => id === shown[0]?.indicator)} />
        </>
      )}
    </>
  );
}

function Figure({ id, named, at }: { id: string; named: ReportIndicator | undefined; at: ReportSum | undefined }) {
  return (
    <article class="panel" data-figure={id}>
      <h3>{named ? say(named.name) : id}</h3>
      <p class="event-figure">
        <Value of={at} decimals={named?.decimals ?? 0} /> {at?.value != null && <small>{unit(named?.unit ?? "")}</small>}
      </p>
      {at && (
        <p class="calm">
          {say(domainWords.ofCells)} {number(at.known)}/{number(at.expected)}
        </p>
      )}
    </article>
  );
}

function Places({ form, period, part, feeds, named }: { form: string; period: string; part: string; feeds: string[]; named: ReportIndicator | undefined }) {
  const values: Answered<ReportValues> = useAnswer<ReportValues>(placedUrl(form, period, named?.id ?? "", part), true).value;
  const cells = placedOf(values.said, named?.id ?? "", part);
  const all = ranked(cells);
  const silent = values.said?.silent ?? [];
  const heard = feedsOf(feeds);
  const [largest, ofLargest] = useWholeRows<HTMLOListElement>(all.length);
  const [missing, ofMissing] = useWholeRows<HTMLUListElement>(silent.length);
  const [bringing, ofBringing] = useWholeRows<HTMLUListElement>(heard.length);
  return (
    <div class="domain-wall-body">
      <DomainMap cells={cells} named={named} />
      <section class="panel domain-wall-list" aria-labelledby="wall-ranking">
        <h2 id="wall-ranking">
          {say(domainWords.highest)}
          {named && ` · ${say(named.name)}`}
        </h2>
        <ol ref={largest}>
          {all.length === 0 && <li class="calm">{say(values.said ? (values.said.more_cells && values.said.map?.map ? mapsWords.tooMany : domainWords.noRanking) : (values.trouble ?? words.loading))}</li>}
          {all.slice(0, ofLargest).map(([cell, value]) => (
            <li key={`${cell.place}/${cell.place_from}`} data-ranked={cell.place}>
              <span class="wall-place">{placeName(cell)}</span>{" "}
              <span class="ranked-value">
                <Ranked of={cell} value={value} decimals={named?.decimals ?? 0} />
              </span>
            </li>
          ))}
          {all.length > ofLargest && <More of={all.length - ofLargest} />}
        </ol>
      </section>
      <section class="panel domain-wall-list" aria-labelledby="wall-silent">
        <h2 id="wall-silent">
          {say(domainWords.silent)}
          {values.said && `: ${values.said.silent ? number(silent.length) : "—"}`}
        </h2>
        <ul ref={missing}>
          {silent.slice(0, ofMissing).map(({ place, place_from, place_name }) => (
            <li key={`${place}/${place_from}`} data-silent={place}>
              {say(place_name)}
            </li>
          ))}
          {silent.length > ofMissing && <More of={silent.length - ofMissing} />}
        </ul>
        <h2>{say(domainWords.feeds)}</h2>
        <ul ref={bringing} data-part="feeds">
          {heard.length === 0 && <li class="calm">{say(domainWords.noFeeds)}</li>}
          {heard.slice(0, ofBringing).map((feed) => (
            <FeedLine key={feed.id} feed={feed} />
          ))}
          {heard.length > ofBringing && <More of={heard.length - ofBringing} />}
        </ul>
      </section>
    </div>
  );
}

function More({ of }: { of: number }) {
  return (
    <li class="calm">
      +{number(of)} {say(words.more)}
    </li>
  );
}
