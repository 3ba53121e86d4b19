import { useEffect } from "preact/hooks";
import { here, view } from "./address";
import { language, say } from "./language";
import { AcknowledgeDialog } from "./parts/frame/AcknowledgeDialog";
import { Attention, ConcernAnnouncer } from "./parts/frame/Attention";
import { Blindness } from "./parts/frame/Blindness";
import { Header } from "./parts/frame/Header";
import { Clients } from "./parts/feeds/Clients";
import { Feeds } from "./parts/feeds/Feeds";
import { Rejects } from "./parts/feeds/Rejects";
import { Stations } from "./parts/feeds/Stations";
import { Origin } from "./parts/origin/Origin";
import { Overview } from "./parts/overview/Overview";
import { Trend } from "./parts/overview/Trend";
import { blind, pack, startingUp } from "./store";
import { isWall } from "./wall";
import { words } from "./words/page";

export function App() {
  const names = pack.value?.name;
  const shown = language.value;
  const feeds = view.value === "feeds" && !isWall;
  useEffect(() => {
    const where = feeds ? `${say(words.feedsView)} · ` : "";
    document.title = `${where}${say(words.title)}${names ? ` · ${say(names)}` : ""}`;
  }, [names, shown, feeds]);
  if (!pack.value) {
    const state = startingUp.value;
    return (
      <main class="starting" aria-busy="true">
        <h1>{say(words.title)}</h1>
        <p role="status">{say(words[state === "connecting" ? "connecting" : state])}</p>
      </main>
    );
  }
  return (
    <>
      {!isWall && (
        <a class="skip" href="#content" onClick={skip}>
          {say(words.skip)}
        </a>
      )}
      <Header />
      <Blindness />
      <main id="content" tabIndex={-1} class={`${blind.value ? "blind" : ""} ${feeds ? "view-feeds" : "view-overview"}`}>
        {feeds ? <FeedsView /> : <Overview />}
      </main>
      {!isWall && here.value && <Origin />}
      {!isWall && <AcknowledgeDialog />}
      <ConcernAnnouncer />
    </>
  );
}

/** Every station's values, every feed's balance, what was rejected. */
function FeedsView() {
  return (
    <>
      <Attention />
      <div class="columns">
        <Stations />
        <div class="side">
          <Trend />
          <Rejects />
        </div>
      </div>
      <Feeds />
      <Clients />
    </>
  );
}

// The address holds what is looked at, so the jump must not overwrite it.
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

