import type { ReceiptPage, ReportValues } from "../../api";
import { useAnswer } from "../../asking";
import { astrayOf, byUrgency, silence } from "../../attention";
import { fullMoment, number } from "../../format";
import { say } from "../../language";
import type { Feed } from "../../model";
import { allFeeds } from "../../store";
import { domainWords } from "../../words/domain";
import { ledgerWords } from "../../words/ledger";
import { words } from "../../words/page";
import { FeedHeard, FeedName } from "../frame/FeedSign";
import { hasLedger, openLedger } from "../ledger/chosen";
import { agencyName } from "./names";
import { openReport } from "./chosen";
import { PeriodSaid, Verdict } from "./Said";

const LAST = 5;
const NAMED = 24;

/** Feeds by identifier, as they are heard now: those that something is wrong with first. */
export function feedsOf(ids: string[]): Feed[] {
  return allFeeds()
    .map((feed) => feed.value)
    .filter(({ id }) => ids.includes(id))
    .sort(byUrgency);
}

/** Who reported of the period and who did not, what came last, and whether what brings it is heard. */
export function Reporting({ form, feeds, values }: { form: string; feeds: string[]; values: ReportValues | null }) {
  const last = useAnswer<ReceiptPage>(`/api/reports/receipts?${new URLSearchParams({ form, limit: String(LAST) })}`, true).value.said;
  const heard = feedsOf(feeds);
  return (
    <section class="panel listed domain-reporting" aria-labelledby="reporting-title">
      <h2 id="reporting-title">{say(domainWords.who)}</h2>
      {values && <Who of={values} />}
      <h3>{say(domainWords.feeds)}</h3>
      {heard.length === 0 && <p class="calm">{say(domainWords.noFeeds)}</p>}
      <ul class="domain-feeds">
        {heard.map((feed) => (
          <FeedLine key={feed.id} feed={feed} />
        ))}
      </ul>
      {last && last.receipts.length > 0 && (
        <>
          <h3>{say(domainWords.lastReports)}</h3>
          <ul class="domain-last">
            {last.receipts.map(({ position, agency, agency_name, period, verdict, received_at }) => (
              <li key={position}>
                <button type="button" class="link" onClick={() => openReport(position)}>
                  {agency_name ? say(agency_name) : agencyName(agency)}
                </button>{" "}
                {period && <PeriodSaid of={period} />} <Verdict of={verdict} /> <small>{fullMoment(received_at)}</small>
              </li>
            ))}
          </ul>
        </>
      )}
      {hasLedger() && (
        <p>
          <button type="button" class="link" onClick={() => openLedger({ form })}>
            {say(ledgerWords.openLedger)}
          </button>
        </p>
      )}
    </section>
  );
}

function Who({ of: { cells, silent, more_cells } }: { of: ReportValues }) {
  const said = new Set(cells.map(({ place, place_from }) => `${place}/${place_from}`)).size;
  return (
    <>
      {!more_cells && (
        <p data-part="who">
          <strong>
            {number(said)}
            {silent && `/${number(said + silent.length)}`}
          </strong>{" "}
          {say(domainWords.someOf)}
        </p>
      )}
      {silent && silent.length > 0 && (
        <p class="calm" data-part="silent">
          {say(domainWords.silent)} ({number(silent.length)}): {silent.slice(0, NAMED).map(({ place_name }) => say(place_name)).join(", ")}
          {silent.length > NAMED && ` +${number(silent.length - NAMED)} ${say(words.more)}`}
        </p>
      )}
      {silent?.length === 0 && said > 0 && (
        <p class="calm" data-part="silent">
          {say(domainWords.allSaid)}
        </p>
      )}
    </>
  );
}

/** A feed, and in words what is wrong with it. */
export function FeedLine({ feed }: { feed: Feed }) {
  return (
    <li data-domain-feed={feed.id} data-signal={silence(feed)}>
      <FeedName feed={feed} />{" "}
      <small>
        {astrayOf(feed) && `${say(words.astray)} · `}
        <FeedHeard feed={feed} />
      </small>
    </li>
  );
}
