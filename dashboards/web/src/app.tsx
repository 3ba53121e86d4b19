import { useEffect } from "preact/hooks";
import { here } from "./address";
import { language, say } from "./language";
import { AcknowledgeDialog } from "./parts/frame/AcknowledgeDialog";
import { ConcernAnnouncer } from "./parts/frame/Attention";
import { Blindness } from "./parts/frame/Blindness";
import { Header } from "./parts/frame/Header";
import { Origin } from "./parts/origin/Origin";
import { screen, screens } from "./screens";
import { blind, pack, startingUp } from "./store";
import { isWall } from "./wall";
import { words } from "./words/page";

export function App() {
  const names = pack.value?.name;
  const shown = language.value;
  const { id, title, Body, Wall } = screen.value;
  const isFirst = screens.value[0]?.id === id;
  useEffect(() => {
    const where = isFirst ? "" : `${say(title)} · `;
    document.title = `${where}${say(words.title)}${names ? ` · ${say(names)}` : ""}`;
  }, [names, shown, id, isFirst]);
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
      <main id="content" tabIndex={-1} class={`${blind.value ? "blind" : ""} view-${id}`}>
        {isWall && Wall ? <Wall /> : <Body />}
      </main>
      {!isWall && here.value && <Origin />}
      {!isWall && <AcknowledgeDialog />}
      <ConcernAnnouncer />
    </>
  );
}

// The address holds what is looked at, so the jump must not overwrite it.
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

