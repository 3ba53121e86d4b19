// No state becomes normal because data stopped (SILENT): a server killed, a feed gone silent, a pipeline that is behind.
// On the fixture.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFixture } from "./fixture/server.js";
import { PATIENCE, keep, launch, open } from "./support.js";

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

test("a killed server is seen, and what happened meanwhile is there afterwards", async (t) => {
  const served = await startFixture({ speed: 60 });
  t.after(() => served.close());
  const { context, page, seen } = await open(browser, served.url);
  const banner = page.locator("[data-part=blindness]");
  await page.locator("[data-kpi=aqi]").waitFor();
  await served.kill();
  const missed = served.world.raise("aqi-very-bad", "TN-BENLUC");
  await banner.waitFor({ timeout: PATIENCE });
  assert.match(await page.locator("main").evaluate((main) => getComputedStyle(main).filter), /grayscale\(1\)/);
  const asked = seen.requests.filter((url) => url.endsWith("/api/overview")).length;
  await served.revive();
  await banner.waitFor({ state: "detached", timeout: PATIENCE });
  await page.locator(`[data-alert="${missed}"]`).waitFor({ timeout: PATIENCE });
  assert.ok(seen.requests.filter((url) => url.endsWith("/api/overview")).length > asked, "a new snapshot came first");
  await context.close();
});

test("a feed gone silent makes its values stale, withholds their judgement, and turns nothing normal", async (t) => {
  // An hour a second: a feed is silent after three hours of the record.
  const served = await startFixture({ speed: 3600 });
  t.after(() => served.close());
  const { context, page } = await open(browser, served.url);
  const commune = page.locator('[data-commune="27694"]');
  await commune.waitFor({ timeout: PATIENCE });
  assert.doesNotMatch(await commune.getAttribute("data-band"), /stale|never|missing/);
  served.world.silence("replay-dust");
  served.world.silence("replay-gas");
  await page.locator('[data-kpi=aqi][data-freshness="stale"]').waitFor({ timeout: PATIENCE });
  const figure = page.locator("[data-kpi=aqi]");
  assert.equal(await figure.getAttribute("data-verdict"), "withheld");
  assert.notEqual(await figure.locator(".kpi-value").innerText(), "—", "the last number stays to be seen");
  assert.match(await figure.innerText(), /cũ/);
  await page.locator('[data-commune="27694"][data-band="stale"]').waitFor({ timeout: PATIENCE });
  for (const strip of ["replay-dust", "replay-gas"]) {
    await page.locator(`[data-strip="${strip}"][data-signal="silent"]`).waitFor({ timeout: PATIENCE });
  }
  const stations = page.locator("[data-kpi=stations]");
  await page.waitForFunction(() => /^0/.test(document.querySelector("[data-kpi=stations] .kpi-value").textContent), undefined, { timeout: PATIENCE });
  assert.equal(await stations.getAttribute("data-verdict"), "missed");
  assert.equal(await page.locator("[data-kpi=slowest]").getAttribute("data-verdict"), "missed");
  await page.waitForFunction(
    () => Number.parseFloat(document.querySelector("[data-kpi=completeness] .kpi-value").textContent.replace(",", ".")) < 75,
    undefined,
    { timeout: PATIENCE },
  );
  assert.equal(await page.locator("[data-kpi=completeness]").getAttribute("data-verdict"), "missed");
  // The trend's missing hours grow although nothing comes.
  await page.getByRole("region", { name: /Diễn biến/ }).getByText("không có số liệu", { exact: true }).waitFor({ timeout: PATIENCE });
  await keep(page, "silent-1440");
  // Nothing is good while nothing comes: no figure of measured values is on target.
  for (const id of ["aqi", "stations", "completeness", "slowest"]) {
    assert.notEqual(await page.locator(`[data-kpi=${id}]`).getAttribute("data-verdict"), "kept", id);
  }
  served.world.silent.clear();
  await page.locator('[data-kpi=aqi][data-freshness="fresh"]').waitFor({ timeout: PATIENCE });
  await context.close();
});

test("a figure that nothing newer follows keeps its number and loses its judgement by the page's own clock", async (t) => {
  const served = await startFixture({ speed: 3600 });
  t.after(() => served.close());
  const { context, page } = await open(browser, served.url);
  await page.locator('[data-kpi=stations][data-freshness="fresh"]').waitFor({ timeout: PATIENCE });
  const value = await page.locator("[data-kpi=stations] .kpi-value").innerText();
  served.world.figuresStand = true;
  for (const id of ["stations", "alerts", "balance", "aqi"]) {
    await page.locator(`[data-kpi=${id}][data-freshness="stale"][data-verdict="withheld"]`).waitFor({ timeout: PATIENCE });
  }
  assert.equal(await page.locator("[data-kpi=stations] .kpi-value").innerText(), value);
  served.world.figuresStand = false;
  await page.locator('[data-kpi=stations][data-freshness="fresh"]').waitFor({ timeout: PATIENCE });
  await context.close();
});

test("a pipeline that says nothing behind a living server is called stopped", async (t) => {
  const served = await startFixture({ speed: 1 });
  t.after(() => served.close());
  const { context, page } = await open(browser, served.url);
  const status = served.world.status.bind(served.world);
  served.world.status = () => ({ ...status(), reported_ago: 30_000 });
  await page.getByRole("region", { name: "Cần chú ý" }).getByText(/không báo trạng thái/).waitFor({ timeout: PATIENCE });
  await context.close();
});

test("senders held back to their share are named, and that there are more of them is said", async (t) => {
  const served = await startFixture({ speed: 1 });
  t.after(() => served.close());
  const { context, page } = await open(browser, new URL("/#/feeds", served.url));
  const status = served.world.status.bind(served.world);
  served.world.status = () => ({ ...status(), held_back: { count: 7, senders: ["gw1/loud", "gw2/<b>loud</b>"] } });
  const named = /phải chờ vì gửi quá phần của mình \(7\): gw1\/loud, gw2\/<b>loud<\/b>, …/;
  await page.getByRole("region", { name: "Cần chú ý" }).getByText(named).waitFor({ timeout: PATIENCE });
  await keep(page, "held-back-1440");
  await context.close();
});

test("what is opened of a figure is what was stored with it at its moment, and not the board of now", async (t) => {
  const own = await startFixture({ speed: 1 });
  t.after(() => own.close());
  const { world } = own;
  const figures = world.figures.bind(world);
  const at = world.at - 50_000;
  const input = (kind, subject, more) => ({ kind, subject, measure: "", start: 0, number: 0, value: null, word: "", priority: null, ...more });
  const [dust, gas] = world.pack.stations;
  const hour = Math.floor(at / 3_600_000) * 3_600_000;
  const made = {
    aqi: { at, revision: 77, value: 130, inputs: [dust, gas].map(({ id }, place) => input("index", id, { measure: "vn_aqi", start: hour, value: 130 - place, word: "pm25" })) },
    alerts: { at, revision: 78, value: 31, count: 31, of: 30, inputs_all: 31, inputs: [input("alert", dust.id, { measure: "a-rule-of-then", number: 7, word: "high" })], parts: [{ word: "high", count: 31 }] },
    completeness: { at, count: 7, expected: 8, inputs: [input("series", world.pack.stations[0].id, { measure: "no2", value: 12.5 })] },
    slowest: { at, count: 1, value: 9_000_000, inputs: [input("feed", "replay-gas", { start: at - 9_000_000, value: 9_000_000 })], parts: [{ word: "on_time", count: 1 }] },
    balance: { at, value: 3, priority: "critical", verdict: "missed", inputs: [input("feed", "replay-dust", { value: 3 })], parts: [{ word: "received", count: 4321 }] },
  };
  world.figures = () => figures().map((figure) => ({ ...figure, ...made[figure.figure] }));
  const { context, page } = await open(browser, own.url);
  const opened = async (id) => {
    await page.locator(`[data-kpi=${id}]`).getByRole("button").click();
    const panel = page.locator(".origin");
    await panel.locator("table, .calm").first().waitFor({ timeout: PATIENCE });
    const rows = await panel.locator("tbody tr").allInnerTexts();
    const text = await panel.innerText();
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
    return { rows, text };
  };
  const aqi = await opened("aqi");
  assert.equal(aqi.rows.length, 2, "all that were stored, and not the first alone");
  assert.match(aqi.rows.join(), /130.*129/s);
  assert.match(aqi.text, /Tính đến.*Lần tính\s+77/s);
  const alerts = await opened("alerts");
  assert.match(alerts.rows.join(), /a-rule-of-then/);
  assert.match(alerts.text, /31.*Lần tính\s+78.*1 trên 31/s);
  const completeness = await opened("completeness");
  assert.equal(completeness.rows.length, 1, "the series that was short, and none of the board's");
  assert.match(completeness.rows[0], /NO2.*12,5/s);
  assert.match(completeness.text, /7\/8/);
  const slowest = await opened("slowest");
  assert.equal(slowest.rows.length, 1);
  assert.match(slowest.rows[0], /2 giờ/, "as long as it was silent then");
  const balance = await opened("balance");
  assert.match(balance.text, /4\.321/);
  assert.match(balance.rows.join(), /3/);
  // What is opened of it is asked for as of the figure.
  await page.locator("[data-kpi=aqi]").getByRole("button").click();
  const asked = page.waitForRequest(/lineage\/index/, { timeout: PATIENCE });
  await page.locator(".origin tbody").getByRole("button").first().click();
  assert.equal(new URL((await asked).url()).searchParams.get("revision"), "77");
  await context.close();
});

test("numbers and hours are those of the figures where lists are cut, and of hours that nobody judged nothing is drawn", async (t) => {
  const own = await startFixture({ speed: 1 });
  t.after(() => own.close());
  const { world } = own;
  const figures = world.figures.bind(world);
  const end = Math.floor(world.at / 3_600_000) * 3_600_000;
  // 24 of 60 hours of stations are listed; of two hours the figure says how many, of the others nothing could be judged.
  const inputs = [...Array(24).keys()].map((at) => ({
    kind: "window", subject: `s${at % 8}`, measure: "no2", start: end - (1 + Math.floor(at / 8)) * 3_600_000, number: 0, value: 201, word: "", priority: null,
  }));
  const hours = [...Array(24).keys()].map((at) => ({ start: end - (24 - at) * 3_600_000, value: at < 22 ? null : 30, verdict: at < 22 ? "withheld" : "missed" }));
  const made = {
    alerts: { value: 1_400, of: 1_200, parts: [{ word: "critical", count: 900 }, { word: "high", count: 500 }] },
    exceeded: { start: end - 24 * 3_600_000, end, value: 60, verdict: "missed", reason: "beyond", inputs, inputs_all: 60, hours },
  };
  world.figures = () => figures().map((figure) => ({ ...figure, ...made[figure.figure] }));
  const { context, page } = await open(browser, own.url);
  await page.locator("[data-kpi=alerts] .by-priority").waitFor({ timeout: PATIENCE });
  assert.deepEqual(await page.locator(".by-priority li").allInnerTexts().then((all) => all.map((text) => text.match(/[\d.]+/)[0])), ["900", "500", "0", "0"]);
  assert.match(await page.locator(".count-badge").innerText(), /1\.200/);
  const drawn = (part) => page.locator(`[data-kpi=exceeded] .line ${part}`).getAttribute("d");
  assert.equal((await drawn("path:last-child")).match(/M/g).length, 2, "two hours are known");
  assert.equal((await drawn("path.ground")).match(/M/g).length, 2, "zero is said of no other");
  await page.locator("[data-kpi=exceeded]").getByRole("button").click();
  await page.locator(".origin").getByText("24 trên 60 được lưu cùng chỉ số").waitFor({ timeout: PATIENCE });
  await context.close();
});
