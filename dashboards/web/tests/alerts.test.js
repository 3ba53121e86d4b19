// Alerts: the order they are worked on, taking one on, leaving, being told. On the fixture, which raises on demand.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFixture } from "./fixture/server.js";
import { PHONE, keep, launch, open, violations } from "./support.js";

let browser;
let served;

before(async () => {
  // At the record's own pace the board stands still but for what the levers move.
  served = await startFixture({ speed: 1 });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await served?.close();
});

const row = (page, id) => page.locator(`[data-alert="${id}"]`);
const states = (page) =>
  page.locator("[data-alert]").evaluateAll((rows) => rows.map((row) => [row.dataset.state.split(" ")[1], row.dataset.priority]));

test("the unacknowledged come first, then the urgent, by whole rows, the rest counted", async () => {
  for (const [rule, subject] of [["device-fault", "TN-BENLUC"], ["aqi-very-bad", "TN-TANNINH"], ["station-silent", "TN-BENLUC"], ["pm25-day-limit", "TN-LONGAN"], ["no2-hour-limit", "TN-BENLUC"], ["aqi-poor", "TN-BENLUC"]]) {
    served.world.raise(rule, subject);
  }
  const { context, page } = await open(browser, served.url);
  await row(page, "aqi-very-bad~TN-TANNINH~1").waitFor();
  const order = ["critical", "high", "medium", "low"];
  const shown = await states(page);
  const rank = ([state, priority]) => (state === "acknowledged" ? 10 : 0) + order.indexOf(priority);
  assert.deepEqual(shown, [...shown].sort((one, other) => rank(one) - rank(other)));
  const open_ = served.world.alerts.open().length;
  const more = await page.getByRole("region", { name: "Cảnh báo" }).getByRole("button", { name: /nữa/ }).innerText();
  assert.equal(Number(more.match(/\d+/)[0]) + shown.length, open_, "what is not shown is counted");
  const list = await page.locator(".alerts ul").boundingBox();
  for (const box of await page.locator("[data-alert]").evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().bottom))) {
    assert.ok(box <= list.y + list.height + 1, "no row is cut");
  }
  await context.close();
});

test("each alert says how urgent in a shape, a word and a colour, and names rule, value, limit, unit, place and first step", async () => {
  const { context, page } = await open(browser, served.url);
  const alert = row(page, "aqi-very-bad~TN-TANNINH~1");
  await alert.waitFor();
  const text = await alert.innerText();
  for (const said of ["Khẩn cấp", "Trạm phát lại Tân Ninh", "VN_AQI giờ ở mức Rất xấu", "212 > 200", "Báo lãnh đạo trực"]) {
    assert.ok(text.includes(said), `${said} in ${text}`);
  }
  const shapes = await page.locator("[data-alert] > svg path").evaluateAll((paths) => paths.map((path) => path.getAttribute("d")));
  const priorities = (await states(page)).map(([, priority]) => priority);
  assert.equal(new Set(shapes).size, new Set(priorities).size, "a shape for each priority");
  await page.getByRole("button", { name: "English" }).click();
  assert.match(await alert.innerText(), /Critical.*Replay station Tan Ninh/s);
  await context.close();
});

test("the more urgent an alert, the more light it sheds, with and without colour", async () => {
  const { context, page } = await open(browser, served.url);
  await row(page, "aqi-very-bad~TN-TANNINH~1").waitFor();
  const found = await page.evaluate(() => {
    const luminance = (colour) => {
      const [r, g, b] = colour.match(/[\d.]+/g).map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const style = getComputedStyle(document.documentElement);
    const probe = document.body.appendChild(document.createElement("i"));
    return ["low", "medium", "high", "critical"].map((name) => {
      probe.style.color = style.getPropertyValue(`--${name}`);
      return luminance(getComputedStyle(probe).color);
    });
  });
  assert.deepEqual(found, [...found].sort((a, b) => a - b));
  await context.close();
});

test("an acknowledgement is shown as done when the stream says so, not before", async () => {
  served.ackDelay = 1500;
  served.world.raise("aqi-poor", "TN-TRANGBANG");
  const { context, page } = await open(browser, served.url);
  await page.getByRole("region", { name: "Cảnh báo" }).getByRole("button", { name: /nữa|Tất cả/ }).click();
  await page.getByRole("complementary").getByRole("button", { name: "VN_AQI giờ ở mức Kém" }).first().click();
  await page.getByRole("complementary").getByRole("button", { name: "Xác nhận" }).click();
  const dialog = page.getByRole("dialog", { name: "Xác nhận cảnh báo" });
  await dialog.waitFor();
  assert.deepEqual(await violations(page), []);
  await dialog.getByRole("button", { name: "Xác nhận" }).click();
  assert.ok(await dialog.getByRole("alert").isVisible(), "a name is needed");
  await dialog.getByRole("textbox", { name: /Họ tên/ }).fill("Nguyễn Thị Ngỡ");
  await dialog.getByRole("textbox", { name: /Ghi chú/ }).fill("Đã gọi trạm");
  await page.keyboard.press("Tab");
  await dialog.getByRole("button", { name: "Xác nhận" }).press("Enter");
  await dialog.waitFor({ state: "hidden" });
  const panel = page.getByRole("complementary");
  await panel.getByText("đã ghi, chờ xử lý").waitFor();
  assert.doesNotMatch(await panel.innerText(), /đã nhận: /, "it is not shown as taken yet");
  await panel.getByText(/đã nhận: Nguyễn Thị Ngỡ/).first().waitFor();
  assert.match(await panel.innerText(), /Đã gọi trạm/);
  assert.equal(await panel.getByRole("button", { name: "Xác nhận" }).count(), 0);
  // The name is remembered, the note is not.
  await page.keyboard.press("Escape");
  const next = page.getByRole("button", { name: /^Xác nhận/ }).first();
  await next.click();
  assert.equal(await dialog.getByRole("textbox", { name: /Họ tên/ }).inputValue(), "Nguyễn Thị Ngỡ");
  assert.equal(await dialog.getByRole("textbox", { name: /Ghi chú/ }).inputValue(), "");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await context.close();
});

test("an acknowledgement that was not taken says why and can be sent again", async () => {
  served.refuse = 503;
  const { context, page } = await open(browser, served.url);
  const alert = row(page, "aqi-very-bad~TN-TANNINH~1");
  await alert.getByRole("button", { name: /^Xác nhận/ }).click();
  await page.getByRole("dialog").getByRole("textbox", { name: /Họ tên/ }).fill("Trực ban");
  await page.keyboard.press("Enter");
  await alert.getByText("máy chủ đang đầy").waitFor();
  assert.equal(await alert.getAttribute("data-state"), "active unacknowledged");
  served.refuse = null;
  served.ackDelay = 100;
  await alert.getByRole("button", { name: /^Xác nhận/ }).click();
  await page.keyboard.press("Tab");
  await page.getByRole("dialog").getByRole("button", { name: "Xác nhận" }).click();
  // Taken, it goes behind those that nobody has taken: out of the rows there is room for.
  await page.locator('[data-alert="aqi-very-bad~TN-TANNINH~1"][data-state="active unacknowledged"]').waitFor({ state: "detached" });
  assert.ok(served.world.alerts.all.get("aqi-very-bad~TN-TANNINH~1").acknowledged);
  await context.close();
});

test("an alert that is cleared and taken leaves; one that is only cleared stays", async () => {
  const id = served.world.raise("aqi-very-bad", "TN-LONGAN");
  const { context, page } = await open(browser, served.url);
  await row(page, id).waitFor();
  served.world.clear("aqi-very-bad", "TN-LONGAN");
  await page.locator(`[data-alert="${id}"][data-state="cleared unacknowledged"]`).waitFor();
  assert.match(await row(page, id).innerText(), /đã hết/);
  served.world.acknowledge(id, "Trực ban", null);
  await row(page, id).waitFor({ state: "detached" });
  await context.close();
});

test("only new critical and high alerts are read out", async () => {
  const { context, page } = await open(browser, served.url);
  const told = page.locator("[data-part=announced]");
  await page.locator("[data-alert]").first().waitFor();
  assert.equal(await told.innerText(), "", "what was there before is not news");
  served.world.raise("device-fault", "TN-LONGAN");
  served.world.raise("aqi-very-bad", "TN-TRANGBANG");
  await page.waitForFunction(() => document.querySelector("[data-part=announced]").textContent !== "");
  assert.match(await told.textContent(), /Khẩn cấp: VN_AQI giờ ở mức Rất xấu, Trạm phát lại Trảng Bàng/);
  assert.doesNotMatch(await told.textContent(), /Thiết bị/);
  await context.close();
});

test("only what is critical and nobody's calls, at most once a second, and not where motion is unwanted", async () => {
  for (const reducedMotion of ["no-preference", "reduce"]) {
    const { context, page } = await open(browser, served.url, undefined, { reducedMotion });
    await row(page, "aqi-very-bad~TN-TRANGBANG~1").waitFor();
    const calling = await page.evaluate(() =>
      document.getAnimations().map(({ effect }) => [effect.target.closest("[data-alert]")?.dataset, effect.getTiming().duration]),
    );
    assert.equal(calling.length > 0, reducedMotion === "no-preference");
    for (const [alert, duration] of calling) {
      assert.deepEqual([alert.priority, alert.state], ["critical", "active unacknowledged"]);
      assert.ok(duration >= 1000);
    }
    await context.close();
  }
});

test("on a phone an alert is taken on with one thumb", async () => {
  const { context, page } = await open(browser, served.url, PHONE, { hasTouch: true });
  const button = page.getByRole("button", { name: /^Xác nhận/ }).first();
  const box = await button.boundingBox();
  assert.ok(box.height >= 44 && box.width >= 120);
  await button.tap();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await keep(page, "acknowledge-390");
  const edges = await dialog.boundingBox();
  assert.ok(edges.x >= 0 && edges.x + edges.width <= PHONE.width);
  assert.deepEqual(await violations(page), []);
  await context.close();
});
