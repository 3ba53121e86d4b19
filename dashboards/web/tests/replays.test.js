// What is rejected, by feed and reason, with the command that has it read again, and what was. On the fixture.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFixture } from "./fixture/server.js";
import { DESK, PHONE, launch, open, violations } from "./support.js";

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

const group = (reason, open, replayed) => ({
  feed: "air-mqtt",
  reason,
  open,
  messages: open,
  first: open > 0 ? served.world.at - 3_600_000 : null,
  last: open > 0 ? served.world.at : null,
  replayed,
});

const replay = (done) => ({
  position: "1-0-9",
  row: 0,
  feed: "air-mqtt",
  stored: false,
  reason: null,
  from: 0,
  to: 1,
  done,
  messages: done ? 12 : 0,
  changed: 7,
  good: 9,
  replaced: 0,
  before: 10,
  rejected: 1,
  unclear: 2,
  missing: 1,
  user: "An",
  note: "thêm SO2",
  received_at: served.world.at,
});

async function feeds(viewport, summed) {
  const opened = await open(browser, served.url, viewport);
  await opened.page.route("**/api/rejects/groups", (route) => route.fulfill({ json: summed }));
  await opened.page.goto(new URL("#/feeds", served.url).href);
  return opened;
}

test("what is rejected is listed by feed and reason with the command that reads it again, and what was read again", async () => {
  const summed = { groups: [group("unknown_unit", 4, 0), group("malformed", 0, 3)], replays: [replay(false)] };
  const { context, page } = await feeds(DESK, summed);
  const open = page.locator('[data-rejected="air-mqtt/unknown_unit"]');
  await open.waitFor();
  assert.equal(await open.locator("code").textContent(), "ioc replay --rejects --feed air-mqtt --reason unknown_unit");
  assert.match(await open.textContent(), /đơn vị lạ/);
  const mended = page.locator('[data-rejected="air-mqtt/malformed"]');
  assert.equal(await mended.locator("code").count(), 0, "nothing is left to be read again");
  const done = await page.locator('[data-replay="1-0-9"]').textContent();
  assert.match(done, /An/);
  assert.match(done, /đang đọc/);
  assert.deepEqual(await violations(page), []);
  await context.close();
});

test("the command is copied, or selected where a page may not copy", async () => {
  const { context, page } = await feeds(DESK, { groups: [group("unknown_unit", 4, 0)], replays: [] });
  const row = page.locator('[data-rejected="air-mqtt/unknown_unit"]');
  await row.getByRole("button", { name: /^Chép lệnh/ }).click();
  assert.match(await row.getByRole("status").textContent(), /đã chép|đã chọn/);
  await context.close();
});

test("nothing stands there where nothing is rejected, and on a phone the page is no wider than it", async () => {
  const nothing = await feeds(DESK, { groups: [], replays: [] });
  await nothing.page.locator("main#content").waitFor();
  assert.equal(await nothing.page.locator(".replays").count(), 0);
  await nothing.context.close();
  const { context, page } = await feeds(PHONE, { groups: [group("unknown_unit", 4, 0)], replays: [replay(true)] });
  await page.locator(".replays").waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
  await context.close();
});
