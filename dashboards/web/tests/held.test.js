// Rows that wait for a person's word: told of on every screen, listed beside what stands, decided about by name.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFixture } from "./fixture/server.js";
import { DESK, PHONE, WALL, keep, launch, open, violations } from "./support.js";

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

const group = (sender, day, rows) => ({
  sender,
  feed: "air-mqtt",
  subject: "TN-TANNINH",
  indicator: "pm25",
  day,
  rows,
  replacing: rows,
  mean: 18.4,
  stands: 31.5,
  first: 1_767_225_600_000,
  last: 1_767_229_200_000,
  received_at: served.world.at,
  position: "1-0-7",
});

/** A page of which the server holds rows; what it was sent to decide. */
async function holding(viewport) {
  const [feed] = served.world.feeds.values();
  feed.counts.held = 290;
  const decided = [];
  const opened = await open(browser, served.url, viewport);
  await opened.page.route("**/api/held", async (route) => {
    if (route.request().method() === "POST") {
      decided.push(route.request().postDataJSON());
      return route.fulfill({ status: 202, json: { rows: 288, groups: 1, positions: ["1-0-9"] } });
    }
    const groups = [group("gateway-7", "2026-01-01", 288), group("lab", "2026-01-02", 2)];
    return route.fulfill({ json: { rows: 290, found: 2, groups } });
  });
  await opened.page.reload();
  await opened.page.locator("main#content").waitFor();
  return { ...opened, decided };
}

async function toFeeds(page) {
  await page.goto(new URL("#/feeds", served.url).href);
  await page.locator(".held [data-held]").first().waitFor();
}

test("what is held is told of on the overview and listed beside what stands there", async () => {
  const { context, page, seen } = await holding(DESK);
  await page.getByText("290 dòng sẽ thay đổi số liệu đã chốt").first().waitFor();
  await toFeeds(page);
  const line = await page.locator('[data-held="gateway-7/TN-TANNINH/pm25/2026-01-01"]').innerText();
  for (const said of ["gateway-7", "2026-01-01", "288", "18,4", "31,5", "1-0-7"]) assert.ok(line.includes(said), `${said} in ${line}`);
  assert.deepEqual(await violations(page), []);
  await keep(page, "held-1440");
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("who decides says his name first, and what he decides is about those rows and no others", async () => {
  const { context, page, decided } = await holding(DESK);
  await toFeeds(page);
  const row = page.locator('[data-held="lab/TN-TANNINH/pm25/2026-01-02"]');
  await row.getByRole("button", { name: /Chấp nhận/ }).click();
  await row.getByText("hãy ghi tên người quyết định").waitFor();
  assert.deepEqual(decided, []);
  await page.getByLabel("Tên người quyết định").fill("Trực ban");
  await page.getByLabel("Ghi chú").fill("đã hỏi trạm");
  await row.getByRole("button", { name: /Chấp nhận/ }).click();
  await row.getByText("đã ghi, chờ xử lý").waitFor();
  const all = page.locator('[data-sender="gateway-7"]');
  await all.getByRole("button", { name: /^Không nhận/ }).click();
  assert.equal(decided.length, 1, "all of a sender are decided about by the second press");
  await all.getByRole("button", { name: /^Chắc chắn: Không nhận/ }).click();
  await all.getByText("đã ghi, chờ xử lý").waitFor();
  assert.deepEqual(decided, [
    {
      decision: "accept",
      of: { sender: "lab", subject: "TN-TANNINH", indicator: "pm25", day: "2026-01-02" },
      user: "Trực ban",
      note: "đã hỏi trạm",
    },
    { decision: "refuse", of: { sender: "gateway-7" }, user: "Trực ban", note: "đã hỏi trạm" },
  ]);
  await context.close();
});

test("a decision that is not taken says why, and what is not listed is counted", async () => {
  const { context, page } = await holding(DESK);
  const many = { rows: 3_000, found: 1_250, groups: [group("gateway-7", "2026-01-01", 288)] };
  const detail = { detail: "1250 series and days are held", detail_vi: "đang giữ 1250 chuỗi số liệu và ngày" };
  await page.route("**/api/held", (route) =>
    route.fulfill(route.request().method() === "POST" ? { status: 422, json: detail } : { json: many }),
  );
  await toFeeds(page);
  await page.locator('[data-part="held-more"]').getByText("+1.249").waitFor();
  await page.getByLabel("Tên người quyết định").fill("Trực ban");
  const all = page.locator('[data-sender="gateway-7"]');
  await all.getByRole("button", { name: /^Không nhận/ }).click();
  await all.getByRole("button", { name: /^Chắc chắn: Không nhận/ }).click();
  await all.getByText(detail.detail_vi).waitFor();
  await context.close();
});

test("the list stays within a phone's and a wall's width, and a phone shows what is decided about", async () => {
  for (const [size, name] of [[PHONE, "held-390"], [WALL, "held-3840"]]) {
    const { context, page } = await holding(size);
    await toFeeds(page);
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wider <= 0, `${name}: ${wider} px too wide`);
    const row = page.locator(".held [data-held]").first();
    for (const part of [row.getByText("18,4"), row.getByText("31,5"), row.getByRole("button", { name: /Không nhận/ })]) {
      const box = await part.boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= size.width, `${name}: ${JSON.stringify(box)}`);
    }
    await keep(page, name);
    await context.close();
  }
});

test("many held rows leave the stations their room", async () => {
  const { context, page } = await holding(DESK);
  const groups = Array.from({ length: 100 }, (_, number) => group(`gateway-${number}`, "2026-01-01", 1));
  await page.route("**/api/held", (route) => route.fulfill({ json: { rows: 100, found: 100, groups } }));
  await toFeeds(page);
  const { height } = await page.locator(".view-feeds .columns").boundingBox();
  assert.ok(height >= 100, `${height} px`);
  await keep(page, "held-many-1440");
  await context.close();
});
