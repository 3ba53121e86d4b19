import { useRef, useState } from "preact/hooks";
import { open } from "../../address";
import type { RejectGroup, RejectsSummed, Replay } from "../../api";
import { useAnswer } from "../../asking";
import { type Column, at } from "../../csv";
import { fullMoment, number, roughAge, shortMoment } from "../../format";
import { say } from "../../language";
import { ageOf, feedNames } from "../../store";
import { reasonWords } from "../../words/page";
import { replayWords } from "../../words/replays";
import { Download } from "../frame/Download";

/** What is rejected by feed and reason, the command that has it read again, and what was. There only while there is some. */
export function Replays() {
  const summed = useAnswer<RejectsSummed>("/api/rejects/groups", true).value.said;
  if (!summed || summed.groups.length + summed.replays.length === 0) return null;
  return (
    <section class="panel clients replays" aria-labelledby="replays-title">
      <div class="rejects-head">
        <h2 id="replays-title">{say(replayWords.title)}</h2>
        <Download name="rejected" of={say(replayWords.title)} columns={columns()} rows={() => summed.groups} />
      </div>
      <p class="held-why">{say(replayWords.why)}</p>
      {summed.groups.length > 0 && <Groups groups={summed.groups} />}
      {summed.replays.length > 0 && <Done replays={summed.replays} />}
    </section>
  );
}

function Groups({ groups }: { groups: RejectGroup[] }) {
  return (
    <div class="clients-table" role="group" aria-labelledby="replays-title" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{say(replayWords.feed)}</th>
            <th scope="col">{say(replayWords.reason)}</th>
            {[replayWords.open, replayWords.messages, replayWords.replayed].map((title) => (
              <th key={title.en} scope="col" class="figure">
                {say(title)}
              </th>
            ))}
            <th scope="col">{say(replayWords.first)}</th>
            <th scope="col">{say(replayWords.last)}</th>
            <th scope="col">{say(replayWords.command)}</th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <tr key={`${group.feed}/${group.reason}`} data-rejected={`${group.feed}/${group.reason}`}>
              <th scope="row">{nameOf(group.feed)}</th>
              <td>{wordsOf(group.reason)}</td>
              <td class="figure">{number(group.open)}</td>
              <td class="figure">{number(group.messages)}</td>
              <td class="figure">{number(group.replayed)}</td>
              <td>{group.first !== null && <Moment at={group.first} />}</td>
              <td>{group.last !== null && <Moment at={group.last} />}</td>
              <td>{group.open > 0 && <Command group={group} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The command, to be copied. Over plain HTTP a page may not write to the clipboard: then it is selected. */
function Command({ group }: { group: RejectGroup }) {
  const text = useRef<HTMLElement>(null);
  const [said, setSaid] = useState<(typeof replayWords)["copied" | "selected"] | null>(null);
  const command = commandOf(group);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command);
      setSaid(replayWords.copied);
    } catch {
      if (text.current) window.getSelection()?.selectAllChildren(text.current);
      setSaid(replayWords.selected);
    }
  };
  return (
    <>
      <code ref={text}>{command}</code>{" "}
      <button type="button" class="more" onClick={() => void copy()}>
        {say(replayWords.copy)}
        <span class="reader-only">: {command}</span>
      </button>
      {said && (
        <span class="held-answer" role="status">
          {say(said)}
        </span>
      )}
    </>
  );
}

function Done({ replays }: { replays: Replay[] }) {
  return (
    <div class="clients-table" role="group" aria-labelledby="replays-done" tabIndex={0}>
      <h3 id="replays-done">{say(replayWords.done)}</h3>
      <table>
        <thead>
          <tr>
            {[replayWords.when, replayWords.by, replayWords.feed, replayWords.reason].map((title) => (
              <th key={title.en} scope="col">
                {say(title)}
              </th>
            ))}
            {[replayWords.messages, replayWords.changed, replayWords.good, replayWords.rejected, replayWords.left].map((title) => (
              <th key={title.en} scope="col" class="figure">
                {say(title)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {replays.map((replay) => (
            <tr key={`${replay.position}/${replay.row}`} data-replay={replay.position}>
              <th scope="row">
                <button type="button" class="link" title={fullMoment(replay.received_at)} onClick={() => open("envelope", replay.position)}>
                  {shortMoment(replay.received_at)}
                </button>
              </th>
              <td title={replay.note}>{replay.user}</td>
              <td>
                {nameOf(replay.feed)}
                {replay.error !== null && (
                  <p class="replay-ended">
                    {say(replayWords.ended)}: <span lang="en">{replay.error}</span>
                  </p>
                )}
              </td>
              <td>{replay.stored ? say(replayWords.stored) : replay.reason === null ? say(replayWords.any) : wordsOf(replay.reason)}</td>
              <td class="figure">{replay.done ? number(replay.messages) : say(replayWords.goesOn)}</td>
              <td class="figure">{number(replay.changed)}</td>
              <td class="figure">{number(replay.good + replay.replaced)}</td>
              <td class="figure">{number(replay.rejected)}</td>
              <td class="figure">{number(replay.unclear + replay.missing)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Moment({ at: moment }: { at: number }) {
  return (
    <time dateTime={new Date(moment).toISOString()} title={fullMoment(moment)}>
      {roughAge(ageOf(moment))}
    </time>
  );
}

function commandOf({ feed, reason }: RejectGroup): string {
  return `ioc replay --rejects --feed ${feed} --reason ${reason}`;
}

function nameOf(feed: string): string {
  const known = feedNames.value.get(feed);
  return known ? say(known.name) : feed;
}

function wordsOf(reason: string): string {
  const known = reasonWords[reason];
  return known ? say(known) : reason;
}

function columns(): Column<RejectGroup>[] {
  return [
    [say(replayWords.feed), ({ feed }) => feed],
    [say(replayWords.reason), ({ reason }) => wordsOf(reason)],
    [say(replayWords.open), ({ open: count }) => count],
    [say(replayWords.messages), ({ messages }) => messages],
    [say(replayWords.replayed), ({ replayed }) => replayed],
    [say(replayWords.first), ({ first }) => at(first)],
    [say(replayWords.last), ({ last }) => at(last)],
    [say(replayWords.command), (group) => (group.open > 0 ? commandOf(group) : null)],
  ];
}
