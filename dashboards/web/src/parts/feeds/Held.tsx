import { useEffect, useState } from "preact/hooks";
import { rememberName, rememberedName } from "../../acknowledge";
import { open } from "../../address";
import type { Decision, HeldGroup, HeldList, HeldOf, Problem } from "../../api";
import { type Column, at } from "../../csv";
import { fullMoment, number, roughAge, unit } from "../../format";
import { say } from "../../language";
import type { Text } from "../../model";
import { ageOf, allFeeds, pack, stationNames } from "../../store";
import { heldWords } from "../../words/held";
import { Download } from "../frame/Download";

// When their number changes they are asked for at once.
const EVERY = 60_000;
const PATIENCE = 15_000;

type Answer = { of: string; said: Text };

/** Rows that would change what was judged long ago, and deciding about them. There only while there are some. */
export function Held() {
  const count = allFeeds().reduce((sum, feed) => sum + feed.value.counts.held, 0);
  return count > 0 ? <Panel count={count} /> : null;
}

function Panel({ count }: { count: number }) {
  const [list, setList] = useState<HeldList | null>(null);
  const [user, setUser] = useState(rememberedName());
  const [note, setNote] = useState("");
  const [answer, setAnswer] = useState<Answer | null>(null);
  useEffect(() => {
    let timer = 0;
    let over = false;
    const look = async () => {
      try {
        const response = await fetch("/api/held", { signal: AbortSignal.timeout(PATIENCE) });
        if (response.ok && !over) setList((await response.json()) as HeldList);
      } catch {
        // The page says itself that the server is away.
      }
      if (!over) timer = window.setTimeout(() => void look(), EVERY);
    };
    void look();
    return () => {
      over = true;
      window.clearTimeout(timer);
    };
  }, [count]);
  const decide = async (decision: Decision["decision"], of: HeldOf) => {
    const told = (said: Text) => setAnswer({ of: keyOf(of), said });
    if (user.trim() === "") return told(heldWords.nameFirst);
    rememberName(user);
    told(heldWords.sending);
    try {
      const response = await fetch("/api/held", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ decision, of, user, note } satisfies Decision),
        signal: AbortSignal.timeout(PATIENCE),
      });
      told(response.ok ? heldWords.recorded : await whyNot(response));
    } catch {
      told(heldWords.failed);
    }
  };
  const senders = [...new Set((list?.groups ?? []).map((group) => group.sender))];
  return (
    <section class="panel held" aria-labelledby="held-title">
      <div class="rejects-head">
        <h2 id="held-title">
          {say(heldWords.title)}: {number(count)}
        </h2>
        {list && <Download name="held" of={say(heldWords.title)} columns={columns()} rows={() => list.groups} />}
      </div>
      <p class="held-why">{say(heldWords.why)}</p>
      <p class="held-who">
        <label>
          {say(heldWords.name)} <input value={user} maxLength={64} onInput={(event) => setUser(event.currentTarget.value)} />
        </label>
        <label>
          {say(heldWords.note)} <input value={note} maxLength={1000} onInput={(event) => setNote(event.currentTarget.value)} />
        </label>
      </p>
      {senders.map((sender) => (
        <p key={sender} class="held-all" data-sender={sender}>
          {say(heldWords.all)} <strong>{sender}</strong> <Decide of={{ sender }} answer={answer} decide={decide} />
        </p>
      ))}
      <div class="clients-table" role="group" aria-labelledby="held-title" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {[heldWords.sender, heldWords.station, heldWords.indicator, heldWords.day].map((title) => (
                <th key={title.en} scope="col">
                  {say(title)}
                </th>
              ))}
              {[heldWords.rows, heldWords.mean, heldWords.stands].map((title) => (
                <th key={title.en} scope="col" class="figure">
                  {say(title)}
                </th>
              ))}
              <th scope="col">{say(heldWords.received)}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {list?.groups.map((group) => (
              <Row key={keyOf(group)} group={group} answer={answer} decide={decide} />
            ))}
          </tbody>
        </table>
      </div>
      {list && list.found > list.groups.length && (
        <p class="calm" data-part="held-more">
          +{number(list.found - list.groups.length)} {say(heldWords.more)}
        </p>
      )}
    </section>
  );
}

/** Why a decision was not taken. Only what may go by itself is worth another try. */
async function whyNot(response: Response): Promise<Text> {
  if (response.status === 404) return heldWords.gone;
  if (response.status >= 500) return heldWords.failed;
  try {
    const { detail, detail_vi } = (await response.json()) as Problem;
    return { vi: detail_vi ?? detail, en: detail };
  } catch {
    return heldWords.failed;
  }
}

interface DecideProps {
  of: HeldOf;
  answer: Answer | null;
  decide: (decision: Decision["decision"], of: HeldOf) => Promise<void>;
}

/** Two buttons. About all of a sender they are pressed twice: reported days would change by a slip. */
function Decide({ of, answer, decide }: DecideProps) {
  const [meant, setMeant] = useState<Decision["decision"] | null>(null);
  const isOfAll = of.subject === undefined;
  const press = (decision: Decision["decision"]) => {
    if (isOfAll && meant !== decision) return setMeant(decision);
    setMeant(null);
    void decide(decision, of);
  };
  const about = [of.sender, of.subject, of.indicator, of.day].filter((word) => word !== undefined).join(", ");
  return (
    <>
      {(["accept", "refuse"] as const).map((decision) => (
        <button key={decision} type="button" class="held-decide" data-decision={decision} onClick={() => press(decision)}>
          {meant === decision && `${say(heldWords.sure)} `}
          {say(heldWords[decision])}
          <span class="reader-only">: {about}</span>
        </button>
      ))}
      {answer?.of === keyOf(of) && (
        <span class="held-answer" role="status">
          {say(answer.said)}
        </span>
      )}
    </>
  );
}

function Row({ group, answer, decide }: { group: HeldGroup; answer: Answer | null; decide: DecideProps["decide"] }) {
  const { sender, subject, indicator, day } = group;
  const station = stationNames.value.get(subject);
  const names = pack.value?.indicators[indicator];
  const figure = (value: number | null) => (value === null ? "–" : `${number(value, names?.decimals ?? 1)} ${unit(names?.unit ?? "")}`);
  return (
    <tr data-held={keyOf(group)}>
      <th scope="row" data-title={say(heldWords.sender)}>
        {sender}
      </th>
      <td data-title={say(heldWords.station)}>{station ? say(station.name) : subject}</td>
      <td data-title={say(heldWords.indicator)}>{names?.symbol ?? indicator}</td>
      <td data-title={say(heldWords.day)}>{day}</td>
      <td class="figure" data-title={say(heldWords.rows)}>
        {number(group.rows)}
      </td>
      <td class="figure" data-title={say(heldWords.mean)}>
        {figure(group.mean)}
      </td>
      <td class="figure" data-title={say(heldWords.stands)}>
        {figure(group.stands)}
      </td>
      <td data-title={say(heldWords.received)}>
        <span>
          <time dateTime={new Date(group.received_at).toISOString()} title={fullMoment(group.received_at)}>
            {roughAge(ageOf(group.received_at))}
          </time>{" "}
          <button type="button" class="link" onClick={() => open("envelope", group.position)}>
            {group.position}
          </button>
        </span>
      </td>
      <td>
        <Decide of={{ sender, subject, indicator, day }} answer={answer} decide={decide} />
      </td>
    </tr>
  );
}

function keyOf({ sender, subject, indicator, day }: HeldOf): string {
  return [sender, subject, indicator, day].join("/");
}

function columns(): Column<HeldGroup>[] {
  return [
    [say(heldWords.sender), ({ sender }) => sender],
    [say(heldWords.station), ({ subject }) => subject],
    [say(heldWords.indicator), ({ indicator }) => indicator],
    [say(heldWords.day), ({ day }) => day],
    [say(heldWords.rows), ({ rows }) => rows],
    [say(heldWords.mean), ({ mean }) => mean],
    [say(heldWords.stands), ({ stands }) => stands],
    [say(heldWords.received), ({ received_at }) => at(received_at)],
    [say(heldWords.message), ({ position }) => position],
  ];
}
