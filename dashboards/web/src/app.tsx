import { useEffect } from "preact/hooks";
import { language, say } from "./language";
import { Attention } from "./parts/Attention";
import { Blindness } from "./parts/Blindness";
import { Feeds } from "./parts/Feeds";
import { Header } from "./parts/Header";
import { Rejects } from "./parts/Rejects";
import { Stations } from "./parts/Stations";
import { Trend } from "./parts/Trend";
import { blind, pack, startingUp } from "./store";
import { words } from "./text";

export function App() {
  const names = pack.value?.name;
  const shown = language.value;
  useEffect(() => {
    document.title = names ? `${say(words.title)} · ${say(names)}` : say(words.title);
  }, [names, shown]);
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
      <a class="skip" href="#content" onClick={skip}>
        {say(words.skip)}
      </a>
      <Header />
      <Blindness />
      <main id="content" tabIndex={-1} class={blind.value ? "blind" : ""}>
        <Attention />
        <div class="columns">
          <Stations />
          <div class="side">
            <Trend />
            <Rejects />
          </div>
        </div>
        <Feeds />
      </main>
    </>
  );
}

// The address holds the chosen series, so the jump must not overwrite it.
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}
