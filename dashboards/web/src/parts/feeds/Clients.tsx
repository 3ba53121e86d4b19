import { useEffect, useState } from "preact/hooks";
import { type Column, at } from "../../csv";
import { fullMoment, number, roughAge } from "../../format";
import { say } from "../../language";
import type { ClientList } from "../../model";
import { ageOf } from "../../store";
import { clientWords } from "../../words/clients";
import { words } from "../../words/page";
import { Download } from "../frame/Download";

const EVERY = 5_000;
const PATIENCE = 5_000;

/** A line of the table: a sender that is not connected has neither a client nor a beginning. */
interface Line {
  sender: string;
  client_id?: string;
  peer: string;
  transport: string;
  since?: number;
  last_heard: number;
  per_minute: number;
  rejects: number;
}

function columns(): Column<Line>[] {
  return [
    [say(clientWords.sender), ({ sender }) => sender],
    [say(clientWords.client), ({ client_id }) => client_id],
    [say(clientWords.address), ({ peer }) => peer],
    [say(clientWords.by), ({ transport }) => transport],
    [say(clientWords.connectedSince), ({ since }) => at(since)],
    [say(clientWords.lastHeard), ({ last_heard }) => at(last_heard)],
    [say(clientWords.perMinute), ({ per_minute }) => per_minute],
    [say(words.rejected), ({ rejects }) => rejects],
  ];
}

/** Who sends: every connected client, and senders that are not connected. Asked for only while it is looked at. */
export function Clients() {
  const [list, setList] = useState<ClientList | null>(null);
  useEffect(() => {
    let timer = 0;
    let over = false;
    const look = async () => {
      try {
        const response = await fetch("/api/clients", { signal: AbortSignal.timeout(PATIENCE) });
        if (response.ok && !over) setList((await response.json()) as ClientList);
      } catch {
        // The page says itself that the server is away; what was told last stays, with its moments.
      }
      if (!over) timer = window.setTimeout(() => void look(), EVERY);
    };
    void look();
    return () => {
      over = true;
      window.clearTimeout(timer);
    };
  }, []);
  if (!list) return null;
  const here = new Set(list.connected.map((client) => client.sender));
  const away = list.senders.filter((sender) => !here.has(sender.sender));
  return (
    <section class="panel clients" aria-labelledby="clients-title">
      <div class="rejects-head">
        <h2 id="clients-title">{say(clientWords.title)}</h2>
        <Download name="clients" of={say(clientWords.title)} columns={columns()} rows={() => [...list.connected, ...away]} />
      </div>
      {list.connected.length + away.length === 0 && <p class="calm">{say(clientWords.nobody)}</p>}
      <div class="clients-table" role="group" aria-labelledby="clients-title" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{say(clientWords.sender)}</th>
              <th scope="col">{say(clientWords.address)}</th>
              <th scope="col">{say(clientWords.connectedSince)}</th>
              <th scope="col">{say(clientWords.lastHeard)}</th>
              <th scope="col" class="figure">
                {say(clientWords.perMinute)}
              </th>
              <th scope="col" class="figure">
                {say(words.rejected)}
              </th>
            </tr>
          </thead>
          <tbody>
            {list.connected.map((client) => (
              <tr key={`${client.sender}/${client.client_id}/${client.peer}`} data-client={client.client_id}>
                <th scope="row">
                  <strong>{client.sender}</strong> {client.client_id}
                </th>
                <td>
                  {client.peer} · {client.transport}
                </td>
                <td>
                  <Moment at={client.since} />
                </td>
                <td>
                  <Moment at={client.last_heard} />
                </td>
                <td class="figure">{number(client.per_minute)}</td>
                <td class="figure">{number(client.rejects)}</td>
              </tr>
            ))}
            {away.map((sender) => (
              <tr key={sender.sender} data-sender={sender.sender}>
                <th scope="row">
                  <strong>{sender.sender}</strong>
                </th>
                <td>{[sender.peer, sender.transport].filter((word) => word !== "").join(" · ")}</td>
                <td>{say(clientWords.notConnected)}</td>
                <td>
                  <Moment at={sender.last_heard} />
                </td>
                <td class="figure">{number(sender.per_minute)}</td>
                <td class="figure">{number(sender.rejects)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="clients-note">{say(clientWords.note)}</p>
    </section>
  );
}

function Moment({ at }: { at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={fullMoment(at)}>
      {roughAge(ageOf(at))}
    </time>
  );
}
