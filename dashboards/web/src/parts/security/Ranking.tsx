import type { EventAddress, EventSummary } from "../../api";
import { fullMoment, number, roughAge } from "../../format";
import { say } from "../../language";
import { ageOf } from "../../store";
import { securityWords } from "../../words/security";
import { type Column, at } from "../../csv";
import { Download } from "../frame/Download";
import { chosenFilter, openNumber } from "./filters";
import { Severity } from "./Severity";

const SHOWN = 8;

/** Addresses with the most grave events and attempts to log in; one is chosen to see its events. */
export function Ranking({ end, of: summary }: { end: "sources" | "targets"; of: EventSummary }) {
  const of = summary[end];
  const shown = of.slice(0, SHOWN);
  const attacking = shown.filter(({ attacks }) => attacks).length;
  const which = end === "sources" ? "source" : "target";
  const id = `ranking-${end}`;
  const others = say(end === "sources" ? securityWords.targetsShort : securityWords.sourcesShort);
  const columns: Column<EventAddress>[] = [
    [say(securityWords.address), ({ address }) => address],
    [say(securityWords.graveShort), ({ grave }) => grave],
    [say(securityWords.attemptsShort), ({ attempts }) => attempts],
    [others, ({ others }) => others],
    [say(securityWords.events), ({ weight }) => weight],
    [say(securityWords.worst), ({ worst }) => worst],
    [say(securityWords.newestAge), ({ newest }) => at(newest)],
    [say(securityWords.ofNetwork), ({ network }) => network],
  ];
  return (
    <section class="panel ranking" aria-labelledby={id}>
      <div class="rejects-head">
        <h2 id={id} tabIndex={-1}>
          {say(securityWords[end])}
        </h2>
        {of.length > 0 && <Download name={end} of={say(securityWords[end])} columns={columns} rows={() => of} />}
      </div>
      {end === "sources" && summary.totals.attackers > attacking && (
        <p class="calm">
          {say(securityWords.attackers)}: {number(attacking)} / {number(summary.totals.attackers)}
        </p>
      )}
      {of.length === 0 ? (
        <p class="calm">{say(securityWords.noEvents)}</p>
      ) : (
        <div class="clients-table" role="group" aria-labelledby={id} tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say(securityWords.address)}</th>
                {[say(securityWords.graveShort), say(securityWords.attemptsShort), others, say(securityWords.events)].map((title) => (
                  <th key={title} scope="col" class="figure">
                    {title}
                  </th>
                ))}
                <th scope="col">{say(securityWords.worst)}</th>
                <th scope="col">{say(securityWords.newestAge)}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((row) => (
                <tr key={row.address} data-address={row.address}>
                  <th scope="row">
                    <button type="button" class="link" title={say(securityWords.onlyIt)} aria-pressed={chosenFilter("at") === row.address && chosenFilter("end") === which} onClick={() => openNumber(summary, { at: row.address, end: which })}>
                      {row.address}
                    </button>
                    {row.network !== null && <Network of={row} open={(network) => openNumber(summary, { at: network, end: which })} />}
                  </th>
                  <td class="figure" data-title={say(securityWords.graveShort)}>
                    {number(row.grave)}
                  </td>
                  <td class="figure" data-title={say(securityWords.attemptsShort)}>
                    {number(row.attempts)}
                  </td>
                  <td class="figure" data-title={others}>
                    {number(row.others)}
                  </td>
                  <td class="figure" data-title={say(securityWords.events)}>
                    {number(row.weight)}
                  </td>
                  <td data-title={say(securityWords.worst)}>
                    <Severity of={row.worst} />
                  </td>
                  <td data-title={say(securityWords.newestAge)}>
                    <time dateTime={new Date(row.newest).toISOString()} title={fullMoment(row.newest)}>
                      {roughAge(ageOf(row.newest))}
                    </time>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** One attacker may have a whole network: what came from all of it, beside what came from this address. */
function Network({ of: { network, network_addresses, network_weight }, open }: { of: EventAddress; open: (network: string) => void }) {
  return (
    <small class="of-network">
      <button type="button" class="link" title={say(securityWords.wholeNetwork)} onClick={() => network !== null && open(network)}>
        {say(securityWords.ofNetwork)} {network}
      </button>
      : {number(network_addresses)} {say(securityWords.addresses)} · {number(network_weight)} {say(securityWords.events).toLowerCase()}
    </small>
  );
}
