// Tables as files and the trend looked at closely. On the fixture.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { startFixture } from "./fixture/server.js";
import { DESK, PATIENCE, PHONE, WALL, keep, launch, open, violations } from "./support.js";

let browser;
let served;

before(async () => {
  served = await startFixture({ speed: 1 });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await served?.close();
});

/** The rows of a file that a click brings. */
async function downloaded(page, button) {
  const coming = page.waitForEvent("download", { timeout: PATIENCE });
  await button.click();
  const file = await coming;
  assert.match(file.suggestedFilename(), /^[\w.-]+\.csv$/);
  const text = readFileSync(await file.path(), "utf8");
  assert.equal(text[0], "\uFEFF", "Excel reads Vietnamese by its mark");
  assert.ok(text.endsWith("\r\n"));
  return text.slice(1, -2).split("\r\n").map(cellsOf);
}

/** RFC 4180. */
function cellsOf(line) {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain);
}

const LOCAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00$/;

test("the stations' values are a file: as shown, in local time with its offset, nothing where nothing is", async () => {
  served.world.tiles.get("TN-LONGAN/o3").latest = null;
  served.world.pack.stations.find(({ id }) => id === "TN-BENLUC").name.vi = '=Trạm "Bến Lức", kênh 1';
  // Under the page's own policy.
  const { context, page } = await open(browser, new URL("#/feeds", served.url), DESK, { bypassCSP: false });
  const rows = await downloaded(page, page.getByRole("button", { name: /^Tải CSV: Số liệu mới nhất/ }));
  const [titles, ...values] = rows;
  assert.deepEqual(titles.slice(0, 5), ["Trạm", "Thông số", "Đơn vị", "Thời điểm đo", "Giá trị"]);
  const shown = await page.locator("tr[data-series]").evaluateAll((all) =>
    all.map((row) => [row.querySelector(".symbol").textContent, row.querySelector("time")?.dateTime ?? null, row.querySelector(".value").textContent]),
  );
  assert.equal(values.length, shown.length);
  values.forEach(([, symbol, , moment, value], at) => {
    const [name, measured, said] = shown[at];
    assert.equal(symbol, name);
    if (measured === null) {
      assert.deepEqual([moment, value], ["", ""]);
      return;
    }
    assert.match(moment, LOCAL);
    assert.equal(Date.parse(moment), Math.floor(Date.parse(measured) / 1000) * 1000);
    const decimals = said.split(",")[1]?.length ?? 0;
    assert.ok(Math.abs(Number(value) - Number(said.replaceAll(".", "").replace(",", "."))) <= 0.5001 * 10 ** -decimals, `${value} is ${said}`);
  });
  assert.ok(shown.some(([, measured]) => measured === null), "one has never reported");
  assert.ok(values.some(([station]) => station === `'=Trạm "Bến Lức", kênh 1`), "a name is no formula");
  await context.close();
});

for (const [view, steps] of [
  ["#/feeds", []],
  ["#/", []],
  ["#/?step=station/TN-LONGAN", []],
  ["#/?step=kpi/stations", []],
  ["#/?step=kpi/exceeded", []],
  ["#/?step=kpi/completeness", []],
  ["#/?step=kpi/balance", []],
  ["#/?step=kpi/slowest", []],
  ["#/?step=kpi/pm25", []],
  ["#/?step=kpi/alerts", []],
  ["#/", ["aqi"]],
  ["#/", ["aqi", "index"]],
  ["#/", ["aqi", "index", "window"]],
  ["#/", ["aqi", "index", "window", "envelope"]],
]) {
  test(`every table of ${view} ${steps.join(" → ")} downloads, with as many rows as it shows`, async () => {
    const { context, page } = await open(browser, new URL(view, served.url));
    const panel = page.getByRole("complementary");
    if (steps.includes("aqi")) await page.locator("[data-kpi=aqi]").getByRole("button").click();
    if (steps.includes("index")) await panel.locator("tbody").getByRole("button").first().click({ timeout: PATIENCE });
    if (steps.includes("window")) await panel.locator("table.windows").getByRole("button").first().click({ timeout: PATIENCE });
    if (steps.includes("envelope")) await panel.locator("table.rows").getByRole("button").first().click({ timeout: PATIENCE });
    const inPanel = view.includes("step") || steps.length > 0;
    const place = inPanel ? panel : page.locator("main");
    if (inPanel) await panel.getByText("Đang mở…").waitFor({ state: "detached", timeout: PATIENCE });
    const more = page.getByRole("region", { name: "Dữ liệu bị loại gần đây" }).getByRole("button", { name: /nữa/ });
    if ((await more.count()) > 0) await more.click();
    if (!inPanel) for (const table of await place.getByText("Xem dạng bảng").all()) await table.click();
    await place.getByRole("button", { name: /^Tải CSV/ }).first().waitFor({ timeout: PATIENCE });
    const buttons = await place.getByRole("button", { name: /^Tải CSV/ }).all();
    assert.ok(buttons.length > 0);
    const count = () =>
      place.evaluate((place) => place.querySelectorAll("tbody tr, [role=row]:not(.feed-titles), [data-reject]").length);
    // What comes while it is downloaded is in one and not in the other.
    let shown;
    let rows;
    for (let again = 0; again < 5 && (again === 0 || rows !== shown); again++) {
      shown = await count();
      rows = 0;
      for (const button of buttons) rows += (await downloaded(page, button)).length - 1;
    }
    assert.equal(rows, shown);
    await context.close();
  });
}

const summary = (page) => page.locator(".trend-summary").innerText();

/** What the trend says changes by an action. */
async function changes(page, action) {
  const before = await summary(page);
  await action();
  await page.waitForFunction((before) => document.querySelector(".trend-summary").innerText !== before, before, { timeout: PATIENCE });
}

/** The trend is back at its whole length; an hour may have left it at its beginning. */
function all(page, whole) {
  const least = 0.9 * Number.parseInt(whole, 10);
  return page.waitForFunction((least) => Number.parseInt(document.querySelector(".trend-summary").innerText, 10) >= least, least, { timeout: PATIENCE });
}

async function trend(screen, context_ = {}) {
  const shown = await open(browser, served.url, screen, context_);
  await shown.page.locator("[data-part=chart] canvas").waitFor({ timeout: PATIENCE });
  return shown;
}

test("a stretch of the trend that is drawn over is looked at closely, and all of it again", async () => {
  const { context, page } = await trend(DESK);
  const whole = await summary(page);
  const over = await page.locator(".u-over").boundingBox();
  await changes(page, async () => {
    await page.mouse.move(over.x + 0.4 * over.width, over.y + 20);
    await page.mouse.down();
    await page.mouse.move(over.x + 0.5 * over.width, over.y + 25, { steps: 4 });
    await page.mouse.move(over.x + 0.6 * over.width, over.y + 25, { steps: 4 });
    await page.mouse.up();
  });
  const hours = (text) => Number(text.match(/^\d+/)[0]);
  assert.ok(hours(await summary(page)) < 0.3 * hours(whole), await summary(page));
  assert.equal(await page.getByRole("complementary").count(), 0, "drawing is not clicking");
  await keep(page, "zoom-1440");
  assert.deepEqual(await violations(page), []);
  // The table and its file are of the same stretch.
  await page.getByRole("region", { name: /Diễn biến/ }).getByText("Xem dạng bảng").click();
  await page.locator(".trend tbody tr").first().waitFor({ timeout: PATIENCE });
  const shown = await page.locator(".trend tbody tr").count();
  assert.ok(shown < 0.4 * hours(whole));
  assert.equal((await downloaded(page, page.getByRole("button", { name: /^Tải CSV: Diễn biến/ }))).length - 1, shown);
  await page.getByRole("button", { name: "Xem tất cả" }).click();
  await all(page, whole);
  await context.close();
});

test("without a mouse the trend is looked at closely by the keyboard", async () => {
  const { context, page } = await trend(DESK);
  const whole = await summary(page);
  const press = (name) => page.getByRole("group", { name: "Phóng to, thu nhỏ" }).getByRole("button", { name }).press("Enter");
  await changes(page, () => press("Phóng to"));
  await changes(page, () => press("Phóng to"));
  await changes(page, () => press("Sớm hơn"));
  await changes(page, () => press("Muộn hơn"));
  await changes(page, () => press("Thu nhỏ"));
  await press("Xem tất cả");
  await all(page, whole);
  await context.close();
});

test("a finger draws over the trend, and scrolls the page when it goes up", async () => {
  const { context, page } = await trend(PHONE, { hasTouch: true, isMobile: true });
  await page.locator(".u-over").scrollIntoViewIfNeeded();
  const touch = await context.newCDPSession(page);
  const over = await page.locator(".u-over").boundingBox();
  const at = (x, y) => [{ x: over.x + x * over.width, y: over.y + y * over.height }];
  await changes(page, async () => {
    await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(0.4, 0.5) });
    for (const x of [0.44, 0.5, 0.56, 0.6]) await touch.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(x, 0.5) });
    await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  });
  const reset = page.getByRole("button", { name: "Xem tất cả" });
  assert.ok((await reset.boundingBox()).height >= 43.5, "a thumb hits it");
  const close = await summary(page);
  const top = () => page.evaluate(() => scrollY);
  const before = await top();
  await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(0.5, 0.9) });
  for (const y of [0.7, 0.5, 0.3, 0.1]) await touch.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(0.5, y) });
  await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await page.waitForFunction((before) => scrollY !== before, before, { timeout: PATIENCE });
  assert.equal(await summary(page), close);
  assert.deepEqual(await violations(page), []);
  await context.close();
});

// What stands beside what.

for (const screen of [PHONE, DESK, { width: 1920, height: 1080 }, WALL]) {
  test(`at ${screen.width} px no value reaches into its quality, and the feeds cover nothing`, async () => {
    served.world.tiles.get("TN-TANNINH/co").latest.value = 1_234_567.8;
    served.world.tiles.get("TN-TANNINH/no2").latest.value = -98_765.4;
    served.world.tiles.get("TN-TANNINH/so2").latest.quality = "device_error";
    const { context, page } = await open(browser, new URL("#/feeds", served.url), screen);
    await page.locator("tr[data-series]").first().waitFor({ timeout: PATIENCE });
    for (const language of ["vi", "en"]) {
      if (language === "en") await page.getByRole("button", { name: "English" }).click();
      const met = await page.evaluate(() => {
        const box = (it) => {
          const range = document.createRange();
          range.selectNodeContents(it);
          return range.getBoundingClientRect();
        };
        return [...document.querySelectorAll("tr[data-series]")]
          .filter((row) => {
            const cells = [...row.querySelectorAll("th, td:not(.spark-cell)")].filter((it) => it.textContent !== "").map(box);
            const value = box(row.querySelector(".value"));
            return value.left < row.querySelector("td.figure").getBoundingClientRect().left || cells.slice(1).some((it, at) => at > 0 && cells[at].right > it.left - 4);
          })
          .map((row) => row.textContent);
      });
      assert.deepEqual(met, [], language);
      const covered = await page.evaluate(() => {
        const feeds = document.querySelector(".feeds").getBoundingClientRect();
        return [...document.querySelectorAll(".columns .panel")].filter((it) => {
          const { left, right, top, bottom } = it.getBoundingClientRect();
          const x = (left + right) / 2;
          for (let y = Math.max(0, top + 2); y < Math.min(innerHeight, bottom); y += 10) {
            if (y > feeds.top && y < feeds.bottom && document.elementFromPoint(x, y)?.closest(".feeds") && it.closest(".columns").getBoundingClientRect().bottom > feeds.top + 1) return true;
          }
          return false;
        }).length;
      });
      assert.equal(covered, 0);
    }
    await keep(page, `values-${screen.width}`);
    await context.close();
  });
}

test("a station of which indicators never reported is not plainly good, and nothing is called never reported beside a value", async () => {
  for (const indicator of ["pm25", "pm10", "o3", "co"]) served.world.tiles.get(`TN-TRANGBANG/${indicator}`).latest = null;
  for (const kind of ["hour", "day"]) served.world.indices.delete(`vn_aqi/TN-TRANGBANG/${kind}`);
  served.world.states.get("TN-TRANGBANG").status = "good";
  const counts = served.world.feeds.get("operator");
  counts.counts.received = 3;
  counts.last_received = null;
  const { context, page } = await open(browser, served.url);
  const row = page.locator('[data-station-row="TN-TRANGBANG"]');
  await row.waitFor({ timeout: PATIENCE });
  assert.equal(await row.getAttribute("data-status"), "partial");
  assert.match(await row.innerText(), /thiếu 4\/7/);
  assert.doesNotMatch(await row.innerText(), /tốt|chưa từng gửi/);
  const figure = page.locator("[data-kpi=stations]");
  assert.doesNotMatch(await figure.innerText(), /tất cả tốt/);
  assert.notEqual(await figure.getAttribute("data-verdict"), "kept");
  await row.getByRole("button").last().click();
  const panel = page.getByRole("complementary");
  await panel.waitFor();
  assert.match(await panel.locator(".origin-figure").innerText(), /thiếu 4\/7/);
  await context.close();
  const feeds = await open(browser, new URL("#/feeds", served.url));
  const operator = feeds.page.locator('[data-feed="operator"]');
  await operator.waitFor({ timeout: PATIENCE });
  assert.doesNotMatch(await operator.innerText(), /chưa từng gửi/);
  await feeds.context.close();
});

test("datagrams that were dropped and records that were deleted stand beside the identity of their feed, and are in neither (BALANCE)", async () => {
  const { counts } = served.world.feeds.get("~unmatched");
  Object.assign(counts, { received: counts.received + 1, undecodable: counts.undecodable + 1, datagrams_dropped: 1_234, records_lost: 40 });
  for (const size of [DESK, PHONE]) {
    const { context, page } = await open(browser, new URL("#/feeds", served.url), size);
    const lost = page.locator('[data-lost="1234"]');
    await lost.waitFor({ timeout: PATIENCE });
    assert.match(await lost.innerText(), /1\.234 gói UDP hệ điều hành bỏ trước khi đọc/);
    assert.match(await page.locator('[data-lost="40"]').innerText(), /40 bản ghi Kafka mất trước khi đọc/);
    assert.equal(await page.locator('[data-identity="astray"]').count(), 0);
    assert.deepEqual(await violations(page), []);
    await keep(page, `dropped-${size.width}`);
    await context.close();
  }
});
