// The page on which clerks report: log in, take an empty form, bring a file, see what became of it, and of what came before.

import { el, moment, period, size } from "./draw.js";
import { drawOwed, drawSentFor } from "./owed.js";
import { drawStory } from "./story.js";
import { choose, language, say, words } from "./words.js";

/** What the page knows. A form is chosen by its feed and itself; `owed` is what the sender owes, `sentFor` the one of it that
    the next file is sent for. */
const known = { owed: null, sentFor: null, desk: null, trouble: "", chosen: "", period: "", file: null, story: null, asks: false, reports: [], next: null, busy: "" };
const HEADERS = { "x-ioc-page": "1" };

/** Asks the server; what goes wrong is thrown as a text of both languages. */
async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...HEADERS, ...options.headers } });
  } catch {
    throw words.lost;
  }
  if (response.status === 401 && known.desk) {
    known.desk = null;
    known.trouble = words.over;
    draw();
    throw words.over;
  }
  const said = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok && response.status !== 202) throw problem(said);
  return said;
}

function problem(said) {
  return said?.detail_vi ? { vi: said.detail_vi, en: said.detail } : words.trouble;
}

// Frame

function draw() {
  document.documentElement.lang = language();
  document.title = say(words.title);
  const page = document.getElementById("page");
  page.replaceChildren(
    el("a", { class: "skip", href: "#content" }, say(words.skip)),
    header(),
    el("main", { id: "content", tabindex: -1 }, known.desk ? desk() : logIn()),
  );
}

function header() {
  const { desk } = known;
  const speak = () => {
    choose(language() === "vi" ? "en" : "vi");
    draw();
    document.getElementById("speak").focus();
  };
  return el(
    "header",
    {},
    el("div", { class: "whose" }, el("h1", {}, say(words.title)), desk && el("p", {}, say(desk.province))),
    el(
      "div",
      { class: "who" },
      desk && el("span", {}, desk.agency ? say(desk.agency) : `${say(words.sender)}: ${desk.sender}`),
      el("button", { id: "speak", type: "button", lang: language() === "vi" ? "en" : "vi", click: speak }, say(words.other)),
      desk && el("button", { type: "button", id: "log-out", click: logOut }, say(words.logOut)),
    ),
  );
}

// Log in

function logIn() {
  const trouble = el("p", { class: "trouble", role: "alert", id: "log-in-trouble" }, known.trouble ? say(known.trouble) : "");
  const name = el("input", { id: "name", name: "name", autocomplete: "username", autocapitalize: "none", spellcheck: "false", required: true });
  const secret = el("input", { id: "secret", name: "secret", type: "password", autocomplete: "current-password", required: true });
  const button = el("button", { class: "main", type: "submit" }, say(words.logIn));
  const enter = async (event) => {
    event.preventDefault();
    button.disabled = true;
    button.textContent = say(words.asked);
    trouble.textContent = "";
    try {
      const body = JSON.stringify({ name: name.value, secret: secret.value });
      known.desk = await ask("/upload/session", { method: "POST", body, headers: { "content-type": "application/json" } });
      known.trouble = "";
      await entered();
      document.getElementById("content").focus();
    } catch (error) {
      button.disabled = false;
      button.textContent = say(words.logIn);
      trouble.textContent = say(error);
      secret.value = "";
      secret.focus();
    }
  };
  return el(
    "form",
    { class: "card log-in", submit: enter },
    el("h2", {}, say(words.logIn)),
    el("p", { class: "calm" }, say(words.logInHow)),
    el("label", { for: "name" }, say(words.name)),
    name,
    el("label", { for: "secret" }, say(words.secret)),
    secret,
    trouble,
    button,
  );
}

async function logOut() {
  await ask("/upload/session", { method: "DELETE" }).catch(() => null);
  Object.assign(known, { owed: null, sentFor: null, desk: null, story: null, file: null, asks: false, reports: [], next: null, trouble: "" });
  history.replaceState(null, "", "/upload");
  draw();
}

/** Draws what a sender meets, with the report that the address names. */
async function entered() {
  const [first] = choices();
  known.chosen = first?.key ?? "";
  known.period = first?.form.due ?? first?.form.periods[0]?.label ?? "";
  draw();
  await Promise.all([listOwed(), list(null)]);
  const position = new URLSearchParams(location.hash.slice(1)).get("report");
  if (position) await open(position, false);
}

function choices() {
  return known.desk.feeds.flatMap((feed) => feed.forms.map((form) => ({ key: `${feed.id}/${form.id}`, feed, form })));
}

function chosen() {
  return choices().find(({ key }) => key === known.chosen);
}

// What a sender meets

function desk() {
  const of = chosen();
  if (!of) return [el("p", { class: "card" }, say(words.nothing)), former()];
  return [
    el("div", { id: "owed-part" }, owedPart()),
    el(
      "section",
      { class: "card send", "aria-labelledby": "send-title" },
      el("h2", { id: "send-title" }, say(words.send)),
      known.sentFor && drawSentFor(known.sentFor, known.desk.timezone, letGo),
      formChoice(of),
      el("div", { class: "steps" }, templateStep(of), fileStep(of)),
      el("p", { id: "sent", role: "status" }),
      el("p", { id: "send-trouble", class: "trouble", role: "alert" }),
    ),
    el("div", { id: "story" }, storyNow()),
    former(),
  ];
}

function formChoice(of) {
  const all = choices();
  if (all.length === 1) return el("p", { class: "form-name" }, say(of.form.name));
  const several = known.desk.feeds.length > 1;
  const pick = (event) => {
    const next = all.find(({ key }) => key === event.target.value);
    known.chosen = next.key;
    known.period = next.form.due ?? next.form.periods[0]?.label ?? "";
    known.sentFor = null;
    draw();
    document.getElementById("form").focus();
  };
  const option = ({ key, feed, form }) =>
    el("option", { value: key, selected: key === known.chosen }, several ? `${say(form.name)} (${say(feed.name)})` : say(form.name));
  return el("div", { class: "field" }, el("label", { for: "form" }, say(words.form)), el("select", { id: "form", change: pick }, all.map(option)));
}

function templateStep({ feed, form }) {
  if (!feed.tables) return el("p", { class: "calm" }, say(words.noTemplate));
  const address = () => `/upload/template?${new URLSearchParams({ feed: feed.id, form: form.id, period: known.period })}`;
  const link = el("a", { class: "button", id: "template", href: address(), download: true }, say(words.template));
  const pick = (event) => {
    known.period = event.target.value;
    link.href = address();
    // Another period is another report.
    if (known.sentFor && known.sentFor.period.label !== known.period) letGo();
  };
  const { sentFor } = known;
  const isOffered = !sentFor || form.periods.some(({ label }) => label === sentFor.period.label);
  const periods = isOffered ? form.periods : [...form.periods, sentFor.period];
  return el(
    "div",
    { class: "step" },
    el("label", { for: "period" }, say(words.period)),
    el(
      "select",
      { id: "period", change: pick },
      periods.map((one) => el("option", { value: one.label, selected: one.label === known.period }, period(one))),
    ),
    link,
    el("p", { class: "calm" }, say(words.templateHow)),
  );
}

function fileStep({ feed }) {
  const input = el("input", {
    type: "file",
    id: "file",
    class: "reader-only",
    accept: feed.tables ? ".xlsx,.xls,.xlsm,.csv,.txt" : null,
    "aria-describedby": "file-how",
    change: (event) => take([...event.target.files]),
  });
  const zone = el("label", { class: "drop", for: "file" }, el("strong", {}, say(known.file ? words.another : words.drop)), el("span", { id: "file-how" }, say(feed.tables ? words.dropHow : words.dropAny, { size: size(feed.max_bytes) })));
  const over = (is) => (event) => {
    event.preventDefault();
    zone.classList.toggle("over", is);
  };
  const drop = (event) => {
    over(false)(event);
    take([...(event.dataTransfer?.files ?? [])]);
  };
  const box = el("div", { class: "step zone", dragover: over(true), dragenter: over(true), dragleave: over(false), drop }, input, zone);
  if (known.file) {
    box.append(
      el("p", { class: "file" }, el("span", {}, `${say(words.file)}: `), el("b", {}, known.file.name), ` (${size(known.file.size)})`),
      ...confirmation(),
      el("button", { class: "main", type: "button", id: "go", disabled: known.busy !== "", click: () => send(feed) }, say(words.go)),
    );
  }
  return box;
}

/** What the last file was held for is confirmed here, file by file. */
function confirmation() {
  if (!known.asks) return [];
  const box = el("input", { type: "checkbox", id: "confirm", "aria-describedby": "confirm-how" });
  return [
    el("label", { class: "confirm", for: "confirm" }, box, el("span", {}, say(words.confirm))),
    el("p", { class: "calm", id: "confirm-how" }, say(words.confirmHow)),
  ];
}

function told(text, trouble = "") {
  const [status, alarm] = [document.getElementById("sent"), document.getElementById("send-trouble")];
  if (status) status.textContent = text;
  if (alarm) alarm.textContent = trouble;
}

function take(files) {
  const { feed } = chosen();
  const [file] = files;
  let trouble = null;
  if (files.length > 1) trouble = words.oneFile;
  else if (!file) trouble = words.noFile;
  else if (file.size === 0) trouble = words.empty;
  else if (file.size > feed.max_bytes) trouble = words.tooLarge;
  known.file = trouble ? null : file;
  draw();
  told("", trouble ? say(trouble, { size: size(feed.max_bytes) }) : "");
  document.getElementById(trouble ? "file" : "go").focus();
}

/** Sends the file; `fetch` does not tell how far it is. */
function send(feed) {
  const file = known.file;
  if (!file || known.busy) return;
  known.busy = file.name;
  // What became of the last one is not what becomes of this one.
  forget();
  document.getElementById("go").disabled = true;
  const bar = el("progress", { max: 100, value: 0, "aria-label": say(words.send) });
  document.getElementById("sent").before(bar);
  const request = new XMLHttpRequest();
  request.open("POST", `/upload/feeds/${encodeURIComponent(feed.id)}`);
  request.setRequestHeader("x-ioc-page", "1");
  if (known.sentFor) request.setRequestHeader("x-obligation", known.sentFor.id);
  request.setRequestHeader("x-file-name", encodeURIComponent(file.name));
  request.setRequestHeader("content-type", file.type || "application/octet-stream");
  if (document.getElementById("confirm")?.checked) request.setRequestHeader("report-confirmed", "true");
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    const share = total ? Math.floor((loaded / total) * 100) : 0;
    bar.value = share;
    told(share < 100 ? say(words.sending, { share }) : say(words.judging));
  });
  const ended = (trouble) => {
    known.busy = "";
    bar.remove();
    const go = document.getElementById("go");
    if (go) go.disabled = false;
    told("", trouble ? say(trouble) : "");
  };
  request.addEventListener("error", () => ended(words.lost));
  request.addEventListener("load", async () => {
    let said = null;
    try {
      said = JSON.parse(request.responseText);
    } catch {
      // Something between us answers otherwise: it is told by its status.
    }
    if (request.status === 401) {
      ended(null);
      known.desk = null;
      known.trouble = words.over;
      draw();
      return;
    }
    // Only a report that was judged, or will be, has a verdict to be looked up.
    if (!said?.position || (request.status >= 400 && !said.verdict)) {
      ended(problem(said));
      return;
    }
    if (request.status === 202) told(say(words.later));
    known.file = null;
    known.asks = false;
    // What was refused is sent again for the same one.
    if (said.verdict !== "refused") known.sentFor = null;
    ended(null);
    draw();
    await open(said.position, true);
    await list(null);
  });
  request.send(file);
}

// One report

function storyNow() {
  const { story, desk } = known;
  if (!story) return null;
  if (story.status === "in_flight") return el("section", { class: "card" }, el("p", { role: "status" }, say(words.later)));
  return drawStory(story, desk.timezone, close);
}

function forget() {
  known.story = null;
  history.replaceState(null, "", "/upload");
  document.getElementById("story").replaceChildren();
}

function close() {
  forget();
  document.getElementById("former-title").focus();
}

async function open(position, isNew) {
  history.replaceState(null, "", `#${new URLSearchParams({ report: position })}`);
  const isOpen = () => known.desk && new URLSearchParams(location.hash.slice(1)).get("report") === position;
  for (;;) {
    let story;
    try {
      story = await ask(`/upload/reports/${encodeURIComponent(position)}`);
    } catch (error) {
      if (known.desk) told("", say(error));
      return;
    }
    if (!isOpen()) return;
    known.story = story;
    known.asks = story.findings?.some(({ rule }) => rule === "confirm") ?? false;
    document.getElementById("story").replaceChildren(storyNow());
    if (story.status !== "in_flight") break;
    await new Promise((again) => setTimeout(again, 2_000));
    if (!isOpen()) return;
  }
  const title = document.getElementById("story-title");
  title?.focus({ preventScroll: true });
  title?.scrollIntoView({ block: "start" });
  if (isNew) await Promise.all([listOwed(), list(null)]);
}

// What is owed

function owedPart() {
  const { owed, desk, sentFor } = known;
  if (!owed?.known) return null;
  return drawOwed(owed, desk.timezone, Date.parse(owed.now), sentFor?.id ?? "", pickOwed);
}

/** Sends the next file for one. */
function pickOwed(one) {
  known.sentFor = one;
  known.chosen = `${one.feed}/${one.form}`;
  known.period = one.period.label;
  draw();
  document.getElementById("send-title").scrollIntoView({ block: "start" });
  document.getElementById("file").focus({ preventScroll: true });
}

function letGo() {
  known.sentFor = null;
  draw();
  document.getElementById("period")?.focus();
}

async function listOwed() {
  try {
    known.owed = await ask("/upload/owed");
  } catch {
    // Without it a report can be sent all the same; the store answers again later.
    return;
  }
  if (known.sentFor) known.sentFor = known.owed.owed.find(({ id }) => id === known.sentFor.id) ?? null;
  document.getElementById("owed-part")?.replaceChildren(...[owedPart()].filter(Boolean));
}

// What was sent before

function former() {
  return el(
    "section",
    { class: "card", id: "former", "aria-labelledby": "former-title" },
    el("h2", { id: "former-title", tabindex: -1 }, say(words.former)),
    el("div", { id: "former-list" }, formerList()),
  );
}

function formerList() {
  const { reports, next, desk } = known;
  if (reports.length === 0) return el("p", { class: "calm" }, say(words.none));
  const heads = [words.received, words.form, words.period, words.agency, words.verdict, words.errors, words.warnings];
  const row = (report) =>
    el(
      "tr",
      { "data-position": report.position },
      el("th", { scope: "row" }, el("button", { type: "button", class: "link", click: () => open(report.position, false) }, moment(report.received_at, desk.timezone))),
      el("td", { "data-title": say(words.form) }, say(report.form)),
      el("td", { "data-title": say(words.period) }, report.period ? period(report.period) : "—"),
      el("td", { "data-title": say(words.agency) }, say(report.agency)),
      el("td", { "data-title": say(words.verdict) }, el("span", { class: `verdict ${report.verdict}` }, say(words.verdicts[report.verdict]))),
      el("td", { class: "figure", "data-title": say(words.errors) }, String(report.errors)),
      el("td", { class: "figure", "data-title": say(words.warnings) }, String(report.warnings)),
    );
  return [
    el(
      "div",
      { class: "table", role: "group", "aria-labelledby": "former-title", tabindex: 0 },
      el("table", { class: "listed" }, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, say(head))))), el("tbody", {}, reports.map(row))),
    ),
    next && el("button", { type: "button", id: "more", click: () => list(next) }, say(words.more)),
  ];
}

async function list(before) {
  try {
    const page = await ask(`/upload/reports${before ? `?${new URLSearchParams({ before })}` : ""}`);
    known.reports = before ? [...known.reports, ...page.reports] : page.reports;
    known.next = page.next;
  } catch (error) {
    if (known.desk) told("", say(error));
    return;
  }
  document.getElementById("former-list")?.replaceChildren(...[formerList()].flat().filter(Boolean));
}

// A file that misses the box must not replace the page.
for (const what of ["dragover", "drop"]) window.addEventListener(what, (event) => event.preventDefault());

(async () => {
  try {
    const response = await fetch("/upload/session");
    if (response.ok) known.desk = await response.json();
  } catch {
    known.trouble = words.lost;
  }
  if (known.desk) await entered();
  else draw();
})();
