import type { AgencyEvents, EventSummary } from "../../api";
import { number } from "../../format";
import { say } from "../../language";
import { securityWords } from "../../words/security";
import type { Column } from "../../csv";
import { Download } from "../frame/Download";
import { chosenFilter, filter } from "./filters";

/** Whose log sources reported how much; one is chosen, and the page looks at those alone. */
export function Agencies({ of: { agencies } }: { of: EventSummary }) {
  const chosen = chosenFilter("agency");
  // Of one agency, or of none that the pack knows, there is nothing to choose.
  if (chosen === "" && (agencies.length < 2 || agencies.every(({ agency }) => agency === null))) return null;
  const columns: Column<AgencyEvents>[] = [
    [say(securityWords.agency), called],
    ["agency", ({ agency }) => agency],
    [say(securityWords.graveShort), ({ grave }) => grave],
    [say(securityWords.events), ({ weight }) => weight],
    [say(securityWords.logSources), ({ log_sources }) => log_sources],
    [say(securityWords.amissSources), ({ amiss }) => amiss],
  ];
  return (
    <section class="panel ranking agencies" aria-labelledby="agencies-title">
      <div class="rejects-head">
        <h2 id="agencies-title" tabIndex={-1}>
          {say(securityWords.byAgency)}
        </h2>
        {chosen !== "" && (
          <button type="button" onClick={() => filter({ agency: "" })}>
            {say(securityWords.allAgencies)}
          </button>
        )}
        <Download name="agencies" of={say(securityWords.byAgency)} columns={columns} rows={() => agencies} />
      </div>
      <div class="clients-table" role="group" aria-labelledby="agencies-title" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{say(securityWords.agency)}</th>
              {[securityWords.graveShort, securityWords.events, securityWords.logSources, securityWords.amissSources].map((title) => (
                <th key={title.en} scope="col" class="figure">
                  {say(title)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {agencies.map((of) => (
              <tr key={called(of)} data-agency={of.agency ?? ""}>
                <th scope="row">
                  {of.agency === null ? (
                    called(of)
                  ) : (
                    <button type="button" class="link" title={say(securityWords.onlyAgency)} aria-pressed={chosen === of.agency} onClick={() => filter({ agency: chosen === of.agency ? "" : of.agency!, source: "" })}>
                      {called(of)}
                    </button>
                  )}
                </th>
                <td class="figure" data-title={say(securityWords.graveShort)}>
                  {number(of.grave)}
                </td>
                <td class="figure" data-title={say(securityWords.events)}>
                  {number(of.weight)}
                </td>
                <td class="figure" data-title={say(securityWords.logSourcesShort)}>
                  {number(of.log_sources)}
                </td>
                <td class="figure" data-title={say(securityWords.amissShort)}>
                  {of.amiss === null ? "—" : number(of.amiss)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function called({ name }: AgencyEvents): string {
  return say(name ?? securityWords.notOfThePack);
}
