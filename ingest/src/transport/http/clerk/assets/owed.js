// What the sender owes: form, period, deadline and state, what is late first. Choosing one sends the next file for it.

import { count, el, moment, period, span } from "./draw.js";
import { say, words } from "./words.js";

const SIGNS = { missing: "✕", rejected: "✕", due: "○", late: "▲", on_time: "✓", not_due: "–", not_owed: "–" };
const OPEN = ["missing", "rejected", "due", "not_due"];

/** By sign, word, and how long. */
export function state({ state, due_at, late_seconds }, now) {
  const left = Date.parse(due_at) - now;
  const long = state === "late" ? say(words.owed.lateBy, { span: span(late_seconds * 1000) }) : OPEN.includes(state) ? say(left < 0 ? words.owed.behind : words.owed.left, { span: span(Math.abs(left)) }) : "";
  return el("span", { class: `owed-state ${state}` }, el("span", { "aria-hidden": "true" }, SIGNS[state]), ` ${say(words.owed.states[state])}`, long && el("small", {}, ` ${long}`));
}

/** Those that one may send for are chosen by `pick`. */
export function drawOwed({ owed, more }, zone, now, chosen, pick) {
  const several = new Set(owed.map(({ agency }) => agency.vi)).size > 1;
  const heads = [words.owed.state, words.form, words.period, ...(several ? [words.agency] : []), words.owed.due, words.owed.refusals];
  const row = (one) =>
    el(
      "tr",
      { "data-owed": one.id, class: one.id === chosen ? "chosen" : null },
      el("td", { "data-title": say(words.owed.state) }, state(one, now)),
      el("th", { scope: "row", "data-title": say(words.form) }, say(one.form_name)),
      el("td", { "data-title": say(words.period) }, period(one.period)),
      several && el("td", { "data-title": say(words.agency) }, say(one.agency)),
      el("td", { "data-title": say(words.owed.due) }, moment(one.due_at, zone)),
      el("td", { class: "figure", "data-title": say(words.owed.refusals) }, one.rejected > 0 ? count(one.rejected) : "—"),
      el(
        "td",
        {},
        el("button", { type: "button", id: `owed-${one.id}`, "aria-pressed": String(one.id === chosen), click: () => pick(one) }, say(OPEN.includes(one.state) ? words.owed.pick : words.owed.correct), el("span", { class: "reader-only" }, `: ${say(one.form_name)}, ${period(one.period)}`)),
      ),
    );
  return el(
    "section",
    { class: "card", id: "owed", "aria-labelledby": "owed-title" },
    el("h2", { id: "owed-title", tabindex: -1 }, say(words.owed.title)),
    owed.length === 0
      ? el("p", { class: "calm" }, say(words.owed.nothing))
      : el(
          "div",
          { class: "table", role: "group", "aria-labelledby": "owed-title", tabindex: 0 },
          el("table", { class: "listed" }, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, say(head))), el("td", {}))), el("tbody", {}, owed.map(row))),
        ),
    more && el("p", { class: "calm" }, say(words.owed.more)),
  );
}

/** What the next file is sent for, and a way to let go of it. */
export function drawSentFor(one, zone, drop) {
  return el(
    "p",
    { class: "sent-for", id: "sent-for" },
    el("span", {}, `${say(words.owed.sentFor)}: `, el("b", {}, `${say(one.form_name)}, ${period(one.period)}`), ` · ${say(words.owed.due)} `, moment(one.due_at, zone)),
    " ",
    el("button", { type: "button", id: "let-go", click: drop }, say(words.owed.letGo)),
  );
}
