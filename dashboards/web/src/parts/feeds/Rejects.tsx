import { useState } from "preact/hooks";
import { open } from "../../address";
import { type Column, at } from "../../csv";
import { fullMoment, number, shortMoment } from "../../format";
import { say } from "../../language";
import type { Reject } from "../../model";
import { feedNames, rejectKey, rejects } from "../../store";
import { originWords } from "../../words/alerts";
import { reasonWords, words } from "../../words/page";
import { replayWords } from "../../words/replays";
import { Download } from "../frame/Download";

const SHOWN = 3;

export function Rejects() {
  const [all, showAll] = useState(false);
  const list = rejects.value;
  const shown = all ? list : list.slice(0, SHOWN);
  return (
    <section class={`panel rejects ${all ? "all" : ""}`} aria-labelledby="rejects-title">
      <div class="rejects-head">
        <h2 id="rejects-title">{say(words.rejects)}</h2>
        {list.length > 0 && <Download name="rejects" of={say(words.rejects)} columns={columns()} rows={() => list} />}
        {list.length > SHOWN && (
          <button type="button" class="more" aria-expanded={all} onClick={() => showAll(!all)}>
            {all ? say(words.fewer) : `+${number(list.length - SHOWN)} ${say(words.more)}`}
          </button>
        )}
      </div>
      {list.length === 0 && <p class="calm">{say(words.noRejects)}</p>}
      <ul>
        {shown.map((reject) => (
          <Item key={rejectKey(reject)} reject={reject} />
        ))}
      </ul>
    </section>
  );
}

function columns(): Column<Reject>[] {
  return [
    [say(words.receivedAt), ({ received_at }) => at(received_at)],
    [say(words.feed), ({ feed }) => feed],
    [say(originWords.sender), ({ sender }) => sender],
    [say(originWords.address), ({ address }) => address],
    [say(words.envelope), ({ position }) => position],
    [say(words.row), ({ row, whole }) => (whole ? null : row)],
    [say(words.rejected), ({ reason }) => say(reasonWords[reason] ?? { vi: reason, en: reason })],
    [say(originWords.message), ({ message }) => say(message)],
    [say(originWords.raw), ({ sample }) => sample],
  ];
}

function Item({ reject }: { reject: Reject }) {
  const feed = feedNames.value.get(reject.feed);
  const reason = reasonWords[reject.reason];
  return (
    <li data-reject={reject.reason} data-replayed={reject.replayed}>
      <p class="reject-head">
        <time dateTime={new Date(reject.received_at).toISOString()} title={fullMoment(reject.received_at)}>
          {shortMoment(reject.received_at)}
        </time>
        <span>{feed ? say(feed.name) : reject.feed}</span>
        <strong>{reason ? say(reason) : reject.reason}</strong>
        {reject.replayed && <span class="reject-replayed">{say(replayWords.readAgain)}</span>}
      </p>
      <p class="reject-message">{say(reject.message)}</p>
      <p class="reject-where">
        <code>{reject.sample}</code> {number(reject.raw_length)} {say(words.bytes)} · {reject.address}
        {reject.place !== "" ? `, ${reject.place}` : reject.whole ? `, ${say(words.whole)}` : ""} ·{" "}
        <button type="button" class="link" onClick={() => open("envelope", reject.position, ...(reject.whole ? [] : [String(reject.row)]))}>
          {reject.position}
        </button>
      </p>
    </li>
  );
}
