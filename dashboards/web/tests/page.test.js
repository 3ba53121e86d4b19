// The page in a real browser, against a server whose data moves: BASE_URL=http://127.0.0.1:8080 npm test
// (`ioc demo`, or `cargo run -p ioc-dashboards --example marylebone -- CSV 127.0.0.1:8080`).
// SHOTS=folder also keeps what was seen.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const BASE = new URL(process.env.BASE_URL ?? "http://127.0.0.1:8080");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const SCREENS = [
  { width: 390, height: 844 },
  { width: 1440, height: 900 },
  { width: 3840, height: 2160 },
];
const PATIENCE = 60_000;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});

after(() => browser?.close());

/** A page that has its first picture, and everything it asked for or complained about. */
async function open(base = BASE, viewport = SCREENS[1]) {
  // The page's own policy would keep axe out; that it does is what another test is for.
  const context = await browser.newContext({ viewport, bypassCSP: true });
  const page = await context.newPage();
  const seen = { requests: [], errors: [] };
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  await page.goto(base.href);
  await page.getByRole("table").first().waitFor({ timeout: PATIENCE });
  return { context, page, seen };
}

/** The trend has come, or it is said why not. */
async function trendSettled(page) {
  await page.getByRole("region", { name: /Diễn biến/ }).waitFor({ timeout: PATIENCE });
  await page.getByText("Đang tải…").waitFor({ state: "detached", timeout: PATIENCE });
}

async function keep(page, name) {
  if (process.env.SHOTS) await page.screenshot({ path: path.join(process.env.SHOTS, `${name}.png`) });
}

/** A door in front of the server that can be shut: the network cable of the test. */
async function door() {
  const open = new Set();
  let shut = false;
  const server = net.createServer((near) => {
    if (shut) return near.destroy();
    const far = net.connect({ host: BASE.hostname, port: Number(BASE.port || 80) });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      open.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: new URL(`http://127.0.0.1:${server.address().port}/`),
    shut() {
      shut = true;
      for (const socket of open) socket.destroy();
    },
    /** The connections stay open and nothing comes through any more. */
    freeze() {
      shut = true;
      for (const socket of open) {
        socket.unpipe();
        socket.pause();
      }
    },
    reopen() {
      shut = false;
    },
    close() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

test("the page speaks Vietnamese first, switches to English at once, and remembers the choice", async () => {
  const { context, page, seen } = await open();
  assert.equal(await page.locator("html").getAttribute("lang"), "vi");
  await page.getByRole("heading", { level: 2, name: "Nguồn dữ liệu" }).waitFor();
  const before = seen.requests.filter((url) => !url.includes("/api/")).length;
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { level: 2, name: "Feeds" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  assert.match(await page.title(), /Operations Monitoring Center/);
  assert.equal(seen.requests.filter((url) => !url.includes("/api/")).length, before, "nothing was loaded again");
  await page.reload();
  await page.getByRole("heading", { level: 2, name: "Feeds" }).waitFor();
  await page.getByRole("button", { name: "Tiếng Việt" }).click();
  await page.getByRole("heading", { level: 2, name: "Nguồn dữ liệu" }).waitFor();
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("numbers and dates are written the reader's way", async () => {
  const { context, page } = await open();
  const clock = page.locator("[data-part=clock]");
  assert.match(await clock.innerText(), /^.*\d{2}:\d{2}:\d{2} (Thứ|Chủ).+\d{2}\/\d{2}\/\d{4}$/s);
  await page.getByRole("button", { name: "English" }).click();
  assert.match(await clock.innerText(), /(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d{2}\/\d{2}\/\d{4}/);
  await context.close();
});

test("a committed value reaches the page without asking for it", async () => {
  const { context, page, seen } = await open();
  const moments = () =>
    page.locator("tr[data-series] td.age time").evaluateAll((times) => times.map((time) => time.dateTime).join());
  const before = await moments();
  assert.notEqual(before, "", "some series have reported");
  const asked = seen.requests.filter((url) => url.includes("/api/overview")).length;
  await page.waitForFunction(
    (before) =>
      [...document.querySelectorAll("tr[data-series] td.age time")].map((time) => time.dateTime).join() !== before,
    before,
    { timeout: PATIENCE },
  );
  assert.equal(seen.requests.filter((url) => url.includes("/api/overview")).length, asked, "no new snapshot was needed");
  await context.close();
});

test("when nothing is heard of the server the page says so and turns grey, and comes back with a new snapshot", async () => {
  for (const cut of ["shut", "freeze"]) {
    const front = await door();
    const { context, page, seen } = await open(front.url);
    const banner = page.locator("[data-part=blindness]");
    assert.equal(await banner.count(), 0);
    front[cut]();
    await banner.waitFor({ timeout: PATIENCE });
    assert.match(await banner.innerText(), /Mất kết nối với máy chủ/);
    assert.match(await page.locator("[data-part=connection]").innerText(), /Mất kết nối/);
    assert.match(await page.locator("main").evaluate((main) => getComputedStyle(main).filter), /grayscale\(1\)/);
    await keep(page, `blind-${cut}`);
    const asked = seen.requests.filter((url) => url.includes("/api/overview")).length;
    front.reopen();
    await banner.waitFor({ state: "detached", timeout: PATIENCE });
    assert.ok(seen.requests.filter((url) => url.includes("/api/overview")).length > asked, `${cut}: a new snapshot came`);
    assert.match(await page.locator("[data-part=connection]").innerText(), /Trực tuyến/);
    await context.close();
    front.close();
  }
});

test("ages grow without the network", async () => {
  const front = await door();
  const { context, page } = await open(front.url);
  const clock = page.locator("[data-part=clock] time");
  front.shut();
  const before = Date.parse(await clock.getAttribute("datetime"));
  await page.waitForFunction(
    (before) => Date.parse(document.querySelector("[data-part=clock] time").dateTime) > before,
    before,
    { timeout: PATIENCE },
  );
  await context.close();
  front.close();
});

test("each feed shows both identities of its balance, and they add up (BALANCE)", async () => {
  const { context, page } = await open();
  const feeds = await page.locator("[data-feed]").evaluateAll((rows) =>
    rows.map((row) =>
      [...row.querySelectorAll("[data-identity]")].map((identity) => ({
        state: identity.dataset.identity,
        figures: [...identity.querySelectorAll(".count-value")].map((figure) =>
          Number(figure.textContent.replace(/[.,]/g, "")),
        ),
      })),
    ),
  );
  assert.ok(feeds.length > 0);
  for (const identities of feeds) {
    assert.equal(identities.length, 2);
    for (const { state, figures } of identities) {
      const [total, ...parts] = figures;
      const sum = parts.reduce((one, other) => one + other, 0);
      assert.equal(state, sum === total ? "balanced" : "astray");
    }
  }
  await context.close();
});

test("a series is chosen by keyboard, and its trend has a picture, a summary and a table", async () => {
  const { context, page } = await open();
  const row = page.locator("tr[data-series]", { has: page.locator("td.age time") }).last();
  const button = row.getByRole("button");
  await button.focus();
  await page.keyboard.press("Enter");
  assert.equal(await button.getAttribute("aria-pressed"), "true");
  const series = await row.getAttribute("data-series");
  await page.waitForFunction((series) => decodeURIComponent(location.hash).startsWith(`#${series}/`), series);
  const chart = page.getByRole("img", { name: /giờ có số liệu/ });
  await chart.waitFor({ timeout: PATIENCE });
  await page.getByText("Xem dạng bảng").press("Enter");
  const table = page.getByRole("region", { name: /Diễn biến/ }).getByRole("table");
  assert.ok((await table.getByRole("row").count()) > 1);
  await context.close();
});

test("replayed data is called replayed on the screen", async () => {
  const overview = await (await fetch(new URL("/api/overview", BASE))).json();
  const { context, page } = await open();
  const label = page.locator("[data-part=replayed]");
  assert.equal(await label.count(), overview.pack.replayed ? 1 : 0);
  if (overview.pack.replayed) assert.match(await label.innerText(), /Dữ liệu phát lại/);
  await context.close();
});

for (const screen of SCREENS) {
  test(`nobody is shut out and nothing runs over the edge at ${screen.width} px`, async () => {
    const { context, page, seen } = await open(BASE, screen);
    await trendSettled(page);
    for (const language of ["vi", "en"]) {
      if (language === "en") await page.getByRole("button", { name: "English" }).click();
      const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(widths[0] <= widths[1], `${language}: ${widths[0]} px wide on ${widths[1]} px`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run());
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
      assert.deepEqual(found, [], language);
      await keep(page, `page-${screen.width}-${language}`);
    }
    const foreign = seen.requests.filter((url) => new URL(url).host !== BASE.host && !url.startsWith("data:"));
    assert.deepEqual(foreign, [], "nothing is asked of anyone else");
    assert.deepEqual(seen.errors, []);
    if (screen.width < 800) {
      const small = await page
        .locator("button:visible, summary:visible")
        .evaluateAll((targets) =>
          targets.filter((target) => target.getBoundingClientRect().height < 43.5).map((target) => target.outerHTML),
        );
      assert.deepEqual(small, [], "a thumb can hit every button");
    }
    await context.close();
  });
}

test("the page works under its own content policy", async () => {
  const page = await browser.newPage({ viewport: SCREENS[1] });
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(BASE.href);
  await trendSettled(page);
  assert.deepEqual(complaints, []);
  const font = await page.evaluate(() => document.fonts.check('16px "Inter Variable"', "Ựễỡ"));
  assert.ok(font, "the Vietnamese letters are there");
  await page.close();
});
