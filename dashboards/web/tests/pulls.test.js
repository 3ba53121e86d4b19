// How far sources are that are asked instead of sending. On the fixture.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFixture } from "./fixture/server.js";
import { DESK, SCREENS, launch, open, settled, violations } from "./support.js";

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

const MINUTE = 60_000;

const list = () => {
  const now = served.world.at;
  const read = {
    feed: "air-mqtt",
    transport: "http_pull",
    address: "https://lgsp.example.vn/ho-so/v1/danh-sach",
    every: 5 * MINUTE,
    asked: now - MINUTE,
    passed: now - MINUTE,
    next: now + 4 * MINUTE,
    place: "2026-11-02T01:00:00Z, page 3",
    failing: null,
    envelopes: 12,
    late: 2,
    compared: { at: now - 60 * MINUTE, periods: 3, first: 0, changed: 1, gone: 2, given_up: 1, priority: "medium" },
    limits: ["late_rows", "empty_periods", "repeats"],
  };
  const error = { vi: "máy chủ trả lời 403 Forbidden", en: "it answers 403 Forbidden" };
  const refused = {
    ...read,
    feed: "registers",
    transport: "sql",
    address: "postgres://registers.example.vn:5432/bao_cao",
    passed: null,
    next: null,
    place: "",
    compared: null,
    failing: { since: now - 90 * MINUTE, times: 19, error, fault: true, priority: "medium" },
    limits: ["unguarded", "not_compared", "future"],
  };
  return { now, pulls: [read, refused] };
};

async function feeds(viewport, pulls) {
  const opened = await open(browser, served.url, viewport);
  await opened.page.route("**/api/pulls", (route) => route.fulfill({ json: pulls }));
  const answered = opened.page.waitForResponse("**/api/pulls");
  await opened.page.goto(new URL("#/feeds", served.url).href);
  await (await answered).finished();
  return opened;
}

test("a pull says what it read to its end, what it found, when it asks again, why it fails and what is not guaranteed", async () => {
  const { context, page } = await feeds(DESK, list());
  const read = page.locator('[data-pull="air-mqtt"]');
  await read.waitFor();
  const text = await read.textContent();
  assert.match(text, /1 phút/);
  assert.match(text, /2026-11-02T01:00:00Z, page 3/);
  assert.match(text, /3 kỳ, 1 khác, 2 kỳ không còn ở nguồn/);
  assert.match(text, /nhiều bản ghi hơn số nhớ được/);
  assert.match(text, /1 không đọc trọn được/);
  assert.match(text, /kỳ bị xóa sạch ở nguồn được báo/);
  const refused = page.locator('[data-pull="registers"]');
  assert.equal(await refused.getAttribute("data-failing"), "true");
  assert.match(await refused.textContent(), /cần người sửa.*19 lần thử: máy chủ trả lời 403 Forbidden/);
  assert.match(await refused.textContent(), /chưa đọc hết lần nào/);
  assert.match(await refused.textContent(), /thời điểm ở tương lai/);
  assert.deepEqual(await violations(page), []);
  await context.close();
});

test("nothing stands there where nobody is asked", async () => {
  const { context, page } = await feeds(DESK, { now: served.world.at, pulls: [] });
  await page.locator("main#content").waitFor();
  await settled(page);
  assert.equal(await page.locator(".pulls").count(), 0);
  // It stands there as soon as somebody is.
  await page.unroute("**/api/pulls");
  await page.route("**/api/pulls", (route) => route.fulfill({ json: list() }));
  await page.reload();
  await page.locator(".pulls").waitFor();
  await context.close();
});

for (const viewport of SCREENS) {
  test(`nothing of a pull is wider than a page of ${viewport.width}`, async () => {
    const { context, page } = await feeds(viewport, list());
    const pulls = page.locator(".pulls");
    await pulls.waitFor();
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wider <= 0, `${wider} px`);
    if (process.env.SHOTS) await pulls.screenshot({ path: `${process.env.SHOTS}/pulls-${viewport.width}.png` });
    await context.close();
  });
}
