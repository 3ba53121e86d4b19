// What became of a report: the verdict, what is amiss beside its cells, what changed cell by cell.

import { count, el, moment, period, value } from "./draw.js";
import { say, words } from "./words.js";

const SIGNS = { error: "✕", warning: "▲", note: "●" };
const COUNTED = ["stored", "changed", "same", "rejected", "conflicts", "kept", "withdrawn"];

export function drawStory(story, zone, close) {
  const title = (text) => el("div", { class: "story-head" }, el("h2", { id: "story-title", tabindex: -1 }, text), el("button", { type: "button", click: close }, say(words.close)));
  if (story.status === "unread") {
    return el("section", { class: "card story refused", "aria-labelledby": "story-title" }, title(say(words.verdicts.refused)), el("p", {}, say(words.unread, { count: count(story.rejected) })));
  }
  const { verdict, findings } = story;
  const numbered = findings.map((finding, number) => ({ ...finding, number }));
  const heavy = numbered.filter(({ weight }) => weight !== "note");
  const notes = numbered.filter(({ weight }) => weight === "note");
  const placed = new Set();
  const tables = (story.excerpt?.sheets ?? []).map((sheet) => excerpt(sheet, findings, placed));
  const elsewhere = heavy.filter(({ number }) => !placed.has(number));
  return el(
    "section",
    { class: `card story ${verdict}`, "aria-labelledby": "story-title" },
    title(say(words.verdicts[verdict])),
    el("p", { class: "means" }, say(words.verdictMeans[verdict])),
    facts(story, zone),
    counts(story),
    story.marked &&
      heavy.length > 0 &&
      el(
        "p",
        { class: "marked" },
        el("a", { class: "button", id: "marked", href: `/upload/reports/${encodeURIComponent(story.position)}/marked`, download: true }, say(words.marked)),
        el("span", { class: "calm" }, say(words.markedHow)),
      ),
    el("h3", {}, say(words.found)),
    heavy.length === 0 && el("p", { class: "calm" }, say(words.clean)),
    elsewhere.length > 0 && el("ul", { class: "findings", id: "findings" }, elsewhere.map(said)),
    tables,
    story.excerpt?.more_rows > 0 && el("p", { class: "calm" }, say(words.moreRows, { count: count(story.excerpt.more_rows) })),
    notes.length > 0 && el("details", {}, el("summary", {}, say(words.notes, { count: count(notes.length) })), el("ul", { class: "findings" }, notes.map(said))),
    changes(story),
  );
}

function facts(story, zone) {
  const fact = (name, what) => what && el("div", {}, el("dt", {}, say(name)), el("dd", {}, what));
  return el(
    "dl",
    { class: "facts" },
    fact(words.form, say(story.form_name)),
    fact(words.period, story.period && period(story.period)),
    fact(words.agency, say(story.agency_name)),
    fact(words.file, story.file),
    fact(words.received, moment(story.received_at, zone)),
    fact(words.position, story.position),
  );
}

function counts(story) {
  const weighed = (weight) => story.findings.filter((finding) => finding.weight === weight).length;
  const some = COUNTED.filter((what) => story[what] > 0).map((what) => [story[what], words.counts[what]]);
  const of = [...some, [weighed("error"), words.errors], [weighed("warning"), words.warnings]].filter(([number]) => number > 0);
  return el("ul", { class: "counts" }, of.map(([number, what]) => el("li", {}, el("b", {}, count(number)), ` ${say(what)}`)));
}

function sign(weight) {
  return el("span", { class: `sign ${weight}` }, el("span", { "aria-hidden": "true" }, SIGNS[weight]), ` ${say(words.weights[weight])}`);
}

/** A finding in words: how heavy, where, what stands there, what would be right. */
function said(finding) {
  const { number, weight, at, stands } = finding;
  return el(
    "li",
    { class: weight, id: number === undefined ? null : `finding-${number}` },
    sign(weight),
    el("code", {}, at || say(words.whole)),
    stands && el("span", { class: "stands" }, `${say(words.stands)} “`, el("b", {}, stands), "”"),
    el("p", {}, say(finding)),
  );
}

/** The rows of a sheet in which something is amiss, as the sheet has them, what is said of each right below it. */
function excerpt(sheet, findings, placed) {
  const heading = sheet.name ? say(words.inSheet, { name: sheet.name }) : say(words.inFile);
  const id = `sheet-${sheet.name || "text"}`.replace(/\W/g, "-") + placed.size;
  const span = sheet.columns.length + 1;
  const rows = sheet.rows.flatMap((row) => {
    const told = [];
    const marks = (numbers) => {
      for (const number of numbers) {
        if (placed.has(number)) continue;
        placed.add(number);
        told.push({ ...findings[number], number });
      }
      const heaviest = numbers.map((number) => findings[number].weight).sort((a, b) => "ewn".indexOf(a[0]) - "ewn".indexOf(b[0]))[0];
      const described = numbers.map((number) => `finding-${number}`).join(" ");
      return { class: heaviest, "aria-describedby": described || null };
    };
    const of = row.findings.length > 0 ? marks(row.findings) : {};
    const head = el("th", { scope: "row", class: "number", ...of }, of.class && el("span", { "aria-hidden": "true" }, `${SIGNS[of.class]} `), String(row.number));
    const cells = row.cells.map((cell, at) => {
      if (cell.findings.length === 0) return row.heading ? el("th", { scope: "col", class: "heading" }, cell.text) : el("td", {}, cell.text);
      const of = marks(cell.findings);
      const sign = el("span", { class: "cell-sign", "aria-hidden": "true" }, SIGNS[of.class]);
      return el("td", { ...of, "data-cell": `${sheet.columns[at]}${row.number}` }, sign, el("span", { class: "reader-only" }, say(words.weights[of.class])), cell.text);
    });
    const line = el("tr", { class: row.heading ? "headings" : null }, head, cells);
    return told.length === 0 ? [line] : [line, el("tr", { class: "beside" }, el("td", { colspan: span }, el("ul", { class: "findings" }, told.map(said))))];
  });
  return el(
    "div",
    { class: "excerpt" },
    el("h4", { id }, heading),
    el(
      "div",
      { class: "table", role: "group", "aria-labelledby": id, tabindex: 0 },
      el(
        "table",
        { class: "grid" },
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, el("span", { class: "reader-only" }, say(words.line))), sheet.columns.map((letters) => el("th", { scope: "col" }, letters)))),
        el("tbody", {}, rows),
      ),
    ),
  );
}

function changes(story) {
  const { cells, verdict } = story;
  if (cells.length === 0) return verdict === "refused" ? null : el("p", { class: "calm" }, say(words.noChanges));
  const heads = [words.cell, words.indicator, words.place, words.was, words.is];
  const several = new Set(cells.map(({ period }) => period.start)).size > 1;
  const row = (cell) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, el("code", {}, cell.at || "—")),
      el("td", { "data-title": say(words.indicator) }, el("span", {}, say(cell.indicator), say(cell.part) && el("small", {}, ` ${say(cell.part)}`), several && el("small", {}, ` ${period(cell.period)}`))),
      el("td", { "data-title": say(words.place) }, say(cell.place)),
      el("td", { class: "figure", "data-title": say(words.was) }, cell.was ? value(cell.was, cell.unit) : el("small", {}, say(words.nothingBefore))),
      el("td", { class: "figure now", "data-title": say(words.is) }, el("span", {}, el("b", {}, value(cell.is, cell.unit)), !cell.shown && el("small", {}, ` ${say(words.beside)}`))),
    );
  return [
    el("h3", { id: "changes-title" }, say(words.changes)),
    el(
      "div",
      { class: "table", role: "group", "aria-labelledby": "changes-title", tabindex: 0 },
      el("table", { class: "listed changes" }, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, say(head))))), el("tbody", {}, cells.map(row))),
    ),
    story.more_cells && el("p", { class: "calm" }, say(words.moreCells)),
  ];
}
