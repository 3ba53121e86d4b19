// What happened: the screen of events, on the fixture. SHOTS=folder also keeps what was seen.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { blindRecord } from "./fixture/events.js";
import { startFixture } from "./fixture/server.js";
import { DESK, PATIENCE, PHONE, SCREENS, WALL, keep, launch, open, settled, until, violations } from "./support.js";

let browser;
let served;

before(async () => {
  served = await startFixture({ speed: 1 });
  served.world.watch();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await served?.close();
});

async function security(size = DESK, query = "") {
  const opened = await open(browser, new URL(`#/security${query}`, served.url), size);
  await opened.page.locator("[data-figure=severe]").waitFor({ timeout: PATIENCE });
  await opened.page.locator(".events [role=alert], [data-event], .events .calm").first().waitFor({ timeout: PATIENCE });
  return opened;
}

const asked = () => served.asked.filter((path) => path.startsWith("/api/security/events"));

test("its script is loaded when it is looked at, and not before", async () => {
  const { context, page, seen } = await open(browser, served.url);
  const loaded = () => seen.requests.filter((url) => url.endsWith("/assets/security.js")).length;
  await page.locator("[data-kpi]").first().waitFor({ timeout: PATIENCE });
  assert.equal(loaded(), 0);
  await page.getByRole("link", { name: "An toàn thông tin" }).click();
  await page.locator("[data-figure=severe]").waitFor({ timeout: PATIENCE });
  assert.equal(loaded(), 1);
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("a script that does not come is told of, and asked for again", async () => {
  const { context, page } = await open(browser, served.url);
  await page.route("**/assets/security.js", (route) => route.abort(), { times: 1 });
  await page.getByRole("link", { name: "An toàn thông tin" }).click();
  await page.getByRole("button", { name: "Thử lại" }).click({ timeout: PATIENCE });
  await page.locator("[data-figure=severe]").waitFor({ timeout: PATIENCE });
  await context.close();
});

test("log sources that are silent or blind come first, by shape and word, and one that never reported is not called well (SILENT)", async () => {
  const { context, page } = await security();
  const rows = page.locator("[data-log-source]");
  const standings = await rows.evaluateAll((rows) => rows.map((row) => row.dataset.standing));
  assert.deepEqual(standings, ["silent", "error", "never", "unknown", "good", "good"]);
  assert.match(await rows.nth(0).innerText(), /im lặng.*3 giờ/s);
  assert.equal(await rows.nth(0).locator("svg.mark.high").count(), 1);
  assert.match(await rows.nth(1).innerText(), /mù \(từ \d\d:\d\d \d\d\/\d\d\)/s);
  assert.match(await rows.nth(1).locator(".standing").getAttribute("title"), /60,0 % gói tin bị rơi/);
  assert.match(await rows.nth(1).innerText(), /60,0 % gói tin bị rơi · đã khởi động lại/);
  assert.match(await rows.nth(5).innerText(), /đồng hồ chậm 7 giờ/);
  assert.match(await page.locator("[data-clock=srv-a]").innerText(), /đồng hồ chậm 7 giờ lệch đều.*múi giờ/);
  assert.equal(await rows.nth(1).locator("svg.mark.medium").count(), 1);
  assert.match(await rows.nth(2).innerText(), /chưa từng gửi/);
  assert.match(await rows.nth(5).innerText(), /3,1 %/);
  assert.match(await rows.nth(5).innerText(), /25,0 % qua chuyển tiếp/);
  assert.equal(await page.locator("[data-log-source] .by-relay").count(), 1);
  assert.equal(await page.locator("[data-more]").count(), 0);
  assert.match(await page.locator("[data-figure=log_sources]").innerText(), /3\s*\/ 5/s);
  await page.getByRole("button", { name: "English" }).click();
  assert.match(await rows.nth(1).innerText(), /blind \(since/s);
  // The figure of the overview says the same of each.
  await page.getByRole("link", { name: "Overview" }).click();
  const figure = page.locator("[data-kpi=log_sources]");
  assert.match(await figure.innerText(), /3\s*\/ 5.*1 silent, 1 blind, 1 never heard/s);
  await figure.getByRole("button").click();
  await page.locator(".origin tbody tr").first().waitFor({ timeout: PATIENCE });
  const told = await page.locator(".origin tbody tr").allInnerTexts();
  assert.deepEqual(told.map((text) => text.match(/silent|blind|never heard/)[0]), ["silent", "blind", "never heard"]);
  await context.close();
});

test("when the flow stands still nobody says how log sources stand, on the page and on a wall (SILENT)", async (t) => {
  const own = await startFixture({ speed: 1 });
  t.after(() => own.close());
  own.world.watch();
  // What was said of them last is from long ago, in answers as in the figure.
  const figures = own.world.figures.bind(own.world);
  own.world.figures = () => figures().map((figure) => ({ ...figure, late_from: own.world.at - 600_000, stale_from: own.world.at - 540_000 }));
  own.world.saidUntil = own.world.at - 540_000;
  const { context, page } = await open(browser, new URL("#/security", own.url), DESK);
  const standings = page.locator("[data-log-source]");
  await standings.first().waitFor({ timeout: PATIENCE });
  assert.deepEqual(await standings.evaluateAll((rows) => rows.map((row) => row.dataset.standing)), ["stale", "stale", "stale", "unknown", "stale", "stale"]);
  // What never arrived is a count of the hours before, and no standing.
  assert.equal(await page.locator("[data-standing=stale] svg.mark:not(.own-count *)").count(), 0);
  const figure = page.locator("[data-figure=log_sources]");
  assert.match(await figure.innerText(), /3\s*\/ 5\s+cũ/s, "its number stays");
  assert.equal(await figure.locator("svg.mark").count(), 0);
  await context.close();
  const wall = await open(browser, new URL("/wall/security", own.url), WALL);
  await wall.page.locator(".amiss li").first().waitFor({ timeout: PATIENCE });
  const listed = await wall.page.locator(".amiss li").allInnerTexts();
  assert.ok(listed.length > 0 && listed.every((text) => /cũ|\+\d/.test(text)), listed.join());
  await wall.context.close();
});

test("hours say their severities by pattern, summary and table, and what nobody rated is its own", async () => {
  const { context, page } = await security();
  const chart = page.getByRole("img", { name: /Sự kiện theo giờ.*Khẩn cấp ≥ \d+.*Chưa xếp mức ≥ \d+/ });
  await chart.waitFor();
  const heights = await page.locator(".event-hours g .bar.info").evaluateAll((bars) => bars.map((bar) => [bar.getBoundingClientRect().height, Number(bar.getAttribute("height"))]));
  const [tallest, lowest] = [heights.toSorted(([, a], [, b]) => b - a)[0], heights.toSorted(([, a], [, b]) => a - b)[0]];
  assert.ok(Math.abs(tallest[0] / lowest[0] - tallest[1] / lowest[1]) < 0.2, "bars are as high as they say");
  const fills = await page.locator(".event-legend .bar").evaluateAll((bars) => bars.map((bar) => getComputedStyle(bar).fill + getComputedStyle(bar).strokeDasharray));
  assert.equal(new Set(fills).size, 6, "no two severities look the same");
  await page.getByRole("button", { name: "Từ thấp trở lên" }).click();
  await page.getByRole("img", { name: /^(?!.*Chưa xếp mức).*Sự kiện theo giờ/ }).waitFor();
  await page.locator(".event-hours").getByText("Xem dạng bảng").press("Enter");
  const table = page.locator(".event-hours table");
  assert.equal(await table.locator("tbody tr").count(), 25);
  assert.equal(await table.locator("thead th").count(), 6);
  await context.close();
});

test("an hour in which a sensor was blind is hatched and named, its numbers are at least so many, and so are those of the tiles (SILENT)", async () => {
  const { context, page } = await security();
  const hours = page.locator(".event-hours");
  assert.deepEqual(await hours.locator("g > .heard").evaluateAll((drawn) => drawn.map((it) => it.getAttribute("class"))), ["heard unknown", "heard incomplete", "heard open"]);
  const blind = hours.locator("g", { has: page.locator(".heard.incomplete") });
  assert.match(await blind.locator("title").textContent(), /≥ \d+.*chưa đủ: 20 phút thiếu ở Cảm biến khu máy chủ dùng chung · không so với thường lệ/);
  assert.equal(await hours.locator(".event-legend [data-incomplete]").getAttribute("data-incomplete"), "1");
  await page.getByRole("img", { name: /Giờ chưa đủ: .*Cảm biến khu máy chủ dùng chung/ }).waitFor();
  // Readers of the screen get the table.
  await hours.getByText("Xem dạng bảng").press("Enter");
  const rows = hours.locator("tbody tr");
  assert.match(await rows.nth(23).innerText(), /≥ \d+.*chưa đủ: 20 phút/s);
  assert.match(await rows.nth(22).innerText(), /^(?!.*≥).*đủ$/s);
  assert.match(await rows.nth(24).innerText(), /≥ \d+.*giờ chưa khép/s);
  assert.match(await rows.nth(0).innerText(), /≥ \d+.*không rõ/s);
  assert.match(await page.locator("[data-total=attempts]").innerText(), /≥ \d+/);
  const figure = (id) => page.locator(`[data-figure=${id}] .event-figure`).innerText();
  assert.match(await figure("events"), /≥ 121/);
  assert.match(await figure("severe"), /≥ 49/);
  assert.match(await page.locator(".usual [data-part=totals]").innerText(), /24 giờ qua: ≥ 37 · 7 ngày qua: —/);
  const missing = page.locator("[data-part=missing]");
  assert.match(await missing.innerText(), /chưa đủ: 20 phút thiếu ở Cảm biến khu máy chủ dùng chung/);
  const usual = page.locator(".usual-last");
  assert.match(await usual.innerText(), /≥ 1 · chưa đủ: 20 phút/);
  assert.doesNotMatch(await usual.innerText(), /ít hơn/);
  await page.getByRole("button", { name: "English" }).click();
  assert.match(await missing.innerText(), /incomplete: 20 min not seen by Sensor of the shared servers/);
  await context.close();
  const wall = await open(browser, new URL("/wall/security", served.url), WALL);
  await wall.page.locator("[data-part=missing]").waitFor({ timeout: PATIENCE });
  await wall.context.close();
});

test("a pack that counts no events has no figures of them, and no tiles", async (t) => {
  const own = await startFixture({ speed: 1 });
  t.after(() => own.close());
  own.world.watch();
  const figures = own.world.figures.bind(own.world);
  const nothing = { value: null, verdict: "withheld", reason: "nothing", priority: null, count: 0, expected: 0, hours: [], parts: [], inputs: [], inputs_all: 0 };
  own.world.figures = () => figures().map((figure) => (["events", "severe"].includes(figure.figure) ? { ...figure, ...nothing } : figure));
  for (const [path, size, tiles] of [["#/security", DESK, ["security_alerts", "log_sources", "time_to_acknowledge", "time_to_clear"]], ["/wall/security", WALL, ["security_alerts", "log_sources"]]]) {
    const { context, page } = await open(browser, new URL(path, own.url), size);
    await page.locator("[data-figure=log_sources]").waitFor({ timeout: PATIENCE });
    assert.deepEqual(await page.locator("[data-figure]").evaluateAll((all) => all.map((it) => it.dataset.figure)), tiles);
    await context.close();
  }
});

test("repeats stand once with their number, and every one of them can be opened", async () => {
  const { context, page } = await security();
  const group = page.locator(".events tbody", { hasText: "Failed password" });
  assert.equal(await group.count(), 1);
  const toggle = group.getByRole("button", { name: /dòng giống nhau/ });
  const number = Number((await toggle.innerText()).match(/\d+/)[0]);
  await toggle.focus();
  await page.keyboard.press("Enter");
  assert.equal(await toggle.getAttribute("aria-expanded"), "true");
  assert.equal(await group.locator("tr").count(), number);
  const shown = await page.locator(".events tbody").evaluateAll((groups) => groups.map((it) => Number(it.querySelector("[aria-expanded]")?.textContent.match(/\d+/)[0] ?? 1)));
  assert.equal(shown.reduce((sum, it) => sum + it, 0), 100, "nothing of the page is dropped");
  await context.close();
});

test("filters are the server's and stand in the address, and a passed on address shows the same", async () => {
  const { context, page } = await security();
  await page.getByLabel("Loại").selectOption("alert");
  await page.getByLabel("Mức độ").last().selectOption("high");
  await page.locator(".event-filters").getByLabel("Nguồn nhật ký").selectOption("ids-a");
  await page.getByLabel("Địa chỉ").fill("203.0.113.80");
  await page.keyboard.press("Enter");
  const wanted = "kind=alert&severity=critical%2Chigh&log_source=ids-a&address=203.0.113.80";
  await until(() => asked().at(-1).includes(wanted), wanted);
  await page.waitForFunction(() => location.hash === "#/security?event=alert&least=high&source=ids-a&at=203.0.113.80");
  const address = page.url();
  await context.close();
  const other = await open(browser, address);
  await other.page.locator("[data-event]").first().waitFor({ timeout: PATIENCE });
  assert.equal(await other.page.getByLabel("Địa chỉ").inputValue(), "203.0.113.80");
  const severities = await other.page.locator(".events [data-severity]").evaluateAll((all) => [...new Set(all.map((it) => it.dataset.severity))]);
  assert.deepEqual(severities, ["high"]);
  await other.page.getByRole("button", { name: "Bỏ lọc" }).click();
  await other.page.waitForFunction(() => location.hash === "#/security");
  await other.page.getByRole("link", { name: "Nguồn & chất lượng" }).click();
  await other.page.waitForFunction(() => location.hash === "#/feeds");
  await other.context.close();
});

test("the number of attempts opens to the events that add to it, of its own time, and to no others", async () => {
  const { context, page } = await security(DESK, "?days=7&source=ids-a");
  await page.locator("[data-total=attempts]").click();
  await until(() => /attempts=true&from=\d+&until=\d+$/.test(asked().at(-1)), "asked for");
  await page.locator(".events th.figure", { hasText: "Lần đăng nhập thất bại" }).waitFor();
  const counted = await page.locator(".events tbody tr td.figure").evaluateAll((cells) => cells.reduce((sum, cell) => sum + Number(cell.textContent), 0));
  assert.equal(counted, 100, "the first page of them, each adds one");
  const times = asked().length;
  await page.locator("[data-address]").first().getByRole("button").click();
  await until(() => asked().slice(times).some((path) => /address=203.0.113.5&end=source&from=/.test(path)), "only where it came from");
  await page.getByRole("button", { name: "Bỏ lọc" }).click();
  await page.waitForFunction(() => location.hash === "#/security");
  await context.close();
});

test("an address of a network says what came from all of it, and leads there", async () => {
  const { context, page } = await security();
  const network = page.locator("#ranking-sources").locator("xpath=ancestor::section").locator(".of-network");
  assert.match(await network.innerText(), /mạng 2001:db8:85a3:1234::\/64.*6 địa chỉ · 63 sự kiện/s);
  await network.getByRole("button").click();
  await until(() => served.asked.some((path) => decodeURIComponent(path).includes("address=2001:db8:85a3:1234::/64&end=source")), "asked for");
  await context.close();
});

test("the figures are those that the flow said, open to what was stored with them, and an open alert is no fast one", async () => {
  const { context, page } = await security();
  const told = await page.locator("[data-figure]").evaluateAll((tiles) => tiles.map((tile) => [tile.dataset.figure, tile.dataset.verdict]));
  const expected = [["events", "near"], ["severe", "missed"], ["security_alerts", "kept"], ["log_sources", "missed"], ["time_to_acknowledge", "near"], ["time_to_clear", "kept"]];
  assert.deepEqual(told.filter(([figure]) => figure !== "security_alerts"), expected.filter(([figure]) => figure !== "security_alerts"));
  assert.match(await page.locator("[data-figure=events]").innerText(), /121.*nghe được 91,6 % thời gian/s);
  assert.match(await page.locator("[data-figure=time_to_acknowledge]").innerText(), /9 phút.*chờ lâu hơn.*6 đã đo · 1 còn mở/s);
  const times = page.locator(".alert-times tbody tr");
  assert.equal(await times.count(), 1, "those of stations are not of this screen");
  assert.match(await times.innerText(), /trung vị 9 phút, lâu nhất 41 phút.*1 còn mở 3 giờ/s);
  await page.locator("[data-figure=time_to_acknowledge]").getByRole("button").click();
  const origin = page.locator("[data-part=origin]");
  await origin.locator("tbody tr").first().waitFor({ timeout: PATIENCE });
  assert.deepEqual(await origin.locator("tbody td.figure").allInnerTexts(), ["còn mở 3 giờ", "9 phút"]);
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Escape");
  await page.locator("[data-figure=events]").getByRole("button").click();
  await origin.locator("tbody tr").first().waitFor({ timeout: PATIENCE });
  assert.match(await origin.innerText(), /220 \/ 240/);
  await origin.getByRole("button", { name: "Cảm biến trung tâm dữ liệu" }).click();
  await page.waitForFunction(() => /^#\/security\?source=ids-a&known=1&from=\d+&until=\d+$/.test(location.hash));
  await context.close();
});

test("who sends what cannot be read is named, with why and the last one a step away; so is a product the pack says nothing about", async () => {
  const { context, page } = await security();
  const senders = page.locator("[data-misread]");
  await senders.first().waitFor({ timeout: PATIENCE });
  assert.deepEqual(await senders.evaluateAll((rows) => rows.map((row) => row.dataset.misread)), ["srv-a", "203.0.113.250", ""]);
  const firewall = await senders.nth(0).innerText();
  assert.match(firewall, /Máy chủ.*srv-a · 2 địa chỉ.*44.*khung tin sai 41, quá lớn 3.*95 trong số 150 byte.*4 phút/s);
  assert.match(await senders.nth(2).innerText(), /không phân biệt được nguồn gửi/);
  const products = page.locator("[data-product]");
  assert.deepEqual(await products.evaluateAll((rows) => rows.map((row) => row.dataset.product)), ["Web Gateway", "snmpd", ""]);
  assert.match(await products.nth(0).innerText(), /Web Gateway\s*ExampleSec.*12.*1\.488.*–/s);
  assert.match(await products.nth(2).innerText(), /không nêu tên.*203\.0\.113\.99/s);
  await page.locator(".misread").scrollIntoViewIfNeeded();
  await keep(page, "security-misread-1440");
  await senders.nth(0).getByRole("button", { name: "Mở bản gần nhất" }).click();
  await page.waitForFunction(() => location.hash.includes("1-0-77"));
  await context.close();
});

test("of many made-up senders a few are shown, the rest at a word, and how many were not listed is said (BOUND)", async (t) => {
  t.after(() => delete served.world.strangers);
  served.world.strangers = 97;
  const { context, page } = await security(PHONE);
  const senders = page.locator("[data-misread]");
  await senders.first().waitFor({ timeout: PATIENCE });
  assert.equal(await senders.count(), 5);
  await page.getByRole("button", { name: "nữa: Thiết bị gửi sai" }).click();
  assert.equal(await senders.count(), 100);
  assert.match(await page.locator(".misread [data-more]").innerText(), /150 nguồn gửi khác/);
  const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(widths[0] <= widths[1], `${widths[0]} px wide on ${widths[1]} px`);
  assert.deepEqual(await violations(page), []);
  await context.close();
});

test("from an event one step leads to what else its sensor tells of the flow", async () => {
  const { context, page } = await security();
  const flow = page.locator(".event-flow").first();
  const number = (await flow.innerText()).match(/\d+/)[0];
  await flow.click();
  await until(() => asked().at(-1).includes(`log_source=ids-a&flow_id=${number}&from=`), "asked for");
  await page.waitForFunction(() => document.querySelectorAll("[data-event]").length === 1);
  assert.equal(await page.locator(".event-flow").count(), 0, "it is there already");
  await page.getByRole("button", { name: "Bỏ lọc" }).click();
  await page.waitForFunction(() => location.hash === "#/security");
  await context.close();
});

test("what is counted stands beside what is usual, an hour that is not whole is at least so many, and each opens to its events", async () => {
  const { context, page } = await security();
  const usual = page.getByRole("region", { name: "So với thường lệ" });
  assert.match(await usual.locator("[data-measure=intrusions]").innerText(), /≥ 1 · chưa đủ: 20 phút thiếu ở Cảm biến khu máy chủ dùng chung · nguồn chưa rõ: 1\/2$/);
  assert.equal(await usual.getByRole("img", { name: /^Dấu hiệu xâm nhập: .*≥ 1/ }).count(), 1);
  assert.equal(await usual.locator("svg rect.not-known").count(), 1, "what is not known is marked");
  assert.deepEqual(await usual.locator("svg rect.counted").evaluateAll((bars) => bars.map((bar) => bar.classList[1])), ["within", "above", "open"]);
  assert.equal(await usual.locator("[data-part=totals]").innerText(), "24 giờ qua: ≥ 37 · 7 ngày qua: —");
  assert.equal(await usual.locator("svg rect.usual-band").count(), 2);
  await usual.getByText("Xem dạng bảng").press("Enter");
  await usual.getByRole("button", { name: "31", exact: true }).click();
  const start = Math.floor(served.world.at / 3_600_000) * 3_600_000 - 2 * 3_600_000;
  const wanted = `kind=alert%2Cinfection&severity=critical%2Chigh%2Cmedium%2Clow&known=true&measure=intrusions&from=${start}&until=${start + 3_600_000}`;
  await until(() => asked().at(-1).includes(wanted), wanted);
  const kind = page.locator(".event-filters").getByLabel("Loại");
  assert.equal(await kind.evaluate((select) => select.selectedOptions[0].text), "cảnh báo xâm nhập, nhiễm mã độc");
  await kind.selectOption("alert");
  await page.waitForFunction(() => location.hash.includes("event=alert&"));
  await context.close();
});

test("whose log sources reported how much is told, and one agency is looked at alone until all are again", async () => {
  const { context, page } = await security();
  const agencies = page.getByRole("region", { name: "Theo cơ quan" });
  assert.deepEqual(await agencies.locator("tbody th").allInnerTexts(), ["Sở Khoa học và Công nghệ", "Sở Y tế", "Nguồn gói tỉnh không biết"]);
  assert.equal(await agencies.locator("[data-agency=''] button").count(), 0, "nobody's are no agency to look at");
  await agencies.getByRole("button", { name: "Sở Y tế" }).click();
  await page.waitForFunction(() => document.querySelectorAll("[data-log-source]").length === 2);
  assert.deepEqual(await page.locator("[data-log-source]").evaluateAll((rows) => rows.map((row) => row.dataset.logSource)), ["ids-b", "srv-a"]);
  const measures = () => served.asked.filter((path) => path.startsWith("/api/security/measures"));
  await until(() => measures().at(-1).endsWith("agency=so-yt") && asked().at(-1).includes("agency=so-yt"), "what is counted, and the events");
  const usual = page.getByRole("region", { name: "So với thường lệ" });
  await usual.getByText("Xem dạng bảng").press("Enter");
  await usual.getByRole("button", { name: "31", exact: true }).click();
  await until(() => /agency=so-yt.*measure=intrusions/.test(asked().at(-1)), "a number of theirs opens to events of theirs");
  await agencies.getByRole("button", { name: "Mọi cơ quan" }).click();
  await page.waitForFunction(() => document.querySelectorAll("[data-log-source]").length === 6);
  await context.close();
});

for (const size of SCREENS)
  test(`what is counted is read by minute and by day, each window opens to as much (${size.width})`, async () => {
    const { context, page } = await security(size);
    const usual = page.getByRole("region", { name: "So với thường lệ" });
    for (const [word, long] of [["Phút", 60_000], ["Ngày", 86_400_000]]) {
      await usual.getByRole("button", { name: word, exact: true }).click();
      await usual.getByRole("button", { name: word, exact: true, pressed: true }).waitFor({ timeout: PATIENCE });
      await page.waitForFunction(() => document.querySelectorAll(".usual svg rect.counted").length === 3);
      assert.equal(await usual.locator("[data-part=totals]").count(), 0, "totals are of hours");
      if ((await usual.locator("details[open]").count()) === 0) await usual.getByText("Xem dạng bảng").press("Enter");
      await usual.getByRole("button", { name: "31", exact: true }).click();
      await until(() => {
        const url = new URL(asked().at(-1), served.url);
        return Number(url.searchParams.get("until")) - Number(url.searchParams.get("from")) === long;
      }, `a ${word}`);
    }
    await keep(page, `counted-by-day-${size.width}`);
    assert.deepEqual(await violations(page), []);
    await context.close();
  });

test("an alert of an address lists its lines page by page with the names of who reports them, and leads to all of them", async () => {
  const id = served.world.suspect("203.0.113.5");
  const { context, page } = await open(browser, new URL(`#/?step=alert/${encodeURIComponent(id)}`, served.url));
  const lines = page.locator("[data-part=alert-events] [data-event]");
  await lines.first().waitFor({ timeout: PATIENCE });
  assert.equal(await lines.count(), 100);
  assert.match(await lines.first().innerText(), /Failed password for r\*\*\*.*Máy chủ cổng dịch vụ công.*cộng 1/s);
  assert.match(await page.locator("[data-part=origin]").innerText(), /Lần đăng nhập thất bại 6 ≥ 5/);
  await page.getByRole("button", { name: "Thêm dòng" }).click();
  await until(() => served.asked.some((path) => path.includes(`/events?limit=100&before=`)), "the next page");
  await page.waitForFunction(() => document.querySelectorAll("[data-part=alert-events] [data-event]").length === 173);
  // It comes back: other lines, from their first page.
  const times = () => served.asked.filter((path) => path.endsWith(`${encodeURIComponent(id)}/events?limit=100`)).length;
  const before = times();
  served.world.clear("password-guessing", "203.0.113.5");
  await page.locator("[data-part=origin] .origin-figure", { hasText: "đã hết" }).waitFor();
  served.world.suspect("203.0.113.5");
  await until(() => times() > before, "asked anew");
  await page.waitForFunction(() => document.querySelectorAll("[data-part=alert-events] [data-event]").length === 100);
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Mọi sự kiện của địa chỉ này" }).click();
  await page.waitForFunction(() => location.hash === "#/security?at=203.0.113.5&days=31");
  await context.close();
});

test("an alert of a network leads to all that came from it", async () => {
  const id = served.world.suspect("2001:db8:0:9::", "network");
  const { context, page } = await open(browser, new URL(`#/?step=alert/${encodeURIComponent(id)}`, served.url));
  await page.getByRole("button", { name: "Mọi sự kiện của mạng này" }).click();
  await page.waitForFunction(() => decodeURIComponent(location.hash) === "#/security?at=2001:db8:0:9::/64&days=31");
  await until(() => served.asked.some((path) => decodeURIComponent(path).includes("address=2001:db8:0:9::/64")), "asked for");
  await context.close();
});

test("an unusual hour says what is usual, and opens to the hours it was held against", async () => {
  const hour = 3_600_000;
  const start = Math.floor(served.world.at / hour) * hour - 3 * hour;
  const id = served.world.counted("ids-a", start);
  const { evidence } = served.world.alerts.all.get(id);
  const like = [7, 12, 9].map((value, ago) => ({ start: start - (3 - ago) * 24 * hour, value }));
  Object.assign(evidence, { value: 40, threshold: 24, compared: { usual: { low: 7, middle: 9, high: 12, hours: 3 }, like: "days", with: like } });
  for (const [size, language] of [[DESK, "vi"], [PHONE, "en"]]) {
    const { context, page } = await open(browser, new URL(`?lang=${language}#/?step=alert/${encodeURIComponent(id)}`, served.url), size);
    const hours = page.locator("[data-part=compared]");
    await hours.getByRole("button").first().waitFor({ timeout: PATIENCE });
    const said = await page.locator("[data-part=origin]").innerText();
    assert.match(said, language === "vi" ? /40 > 24 \(thường 7 – 12\).*Cùng giờ trong mười bốn ngày trước/s : /40 > 24 \(usually 7 – 12\).*The same hour of the fourteen days before/s);
    assert.deepEqual(await hours.locator("td").evaluateAll((cells) => cells.map((cell) => cell.textContent.trim())), ["7", "12", "9"]);
    assert.deepEqual(await violations(page), []);
    await keep(page, `unusual-${size.width}`);
    await hours.getByRole("button", { name: "12", exact: true }).click();
    await page.waitForFunction((hash) => location.hash === hash, `#/security?event=alert%2Cinfection&least=low&known=1&counted=intrusions&source=ids-a&from=${like[1].start}&until=${like[1].start + hour}`);
    await context.close();
  }
});

test("what a sensor says it raised stands at its log source, with what never arrived, and only there", async () => {
  for (const [size, said] of [[DESK, /120\s*đến 97 ·\s+23 không đến/], [PHONE, /120\s*đến 97 ·\s+23 không đến/]]) {
    const { context, page } = await security(size);
    const own = page.locator(".own-count");
    assert.equal(await own.count(), 1);
    assert.match((await own.innerText()).replace(/\n+/g, " "), said);
    assert.equal(await page.locator("[data-log-source=ids-a] .own-count svg.mark.medium").count(), 1);
    assert.deepEqual(await violations(page), []);
    await keep(page, `sensors-${size.width}`);
    await context.close();
  }
});

test("an alert of a log source opens to what was counted of it, and one of its state to all it says", async () => {
  const start = Math.floor(served.world.at / 3_600_000) * 3_600_000 - 2 * 3_600_000;
  served.world.clear("many-intrusions", "ids-a");
  const many = served.world.counted("ids-a", start);
  const { context, page } = await open(browser, new URL(`#/?step=alert/${encodeURIComponent(many)}`, served.url));
  await page.locator("[data-part=origin]", { hasText: "Dấu hiệu xâm nhập" }).waitFor({ timeout: PATIENCE });
  await page.getByRole("button", { name: "Các sự kiện đã đếm" }).click();
  await page.waitForFunction((hash) => location.hash === hash, `#/security?event=alert%2Cinfection&least=low&known=1&counted=intrusions&source=ids-a&from=${start}&until=${start + 3_600_000}`);
  await until(() => /log_source=ids-a&known=true&measure=intrusions&from=\d+&until=\d+$/.test(asked().at(-1)), "asked for");
  const silent = served.world.counted("fw-a", start, "silent");
  await page.goto(String(new URL(`#/?step=alert/${encodeURIComponent(silent)}`, served.url)));
  await page.getByRole("button", { name: "Mọi sự kiện của nguồn nhật ký này" }).click();
  await page.waitForFunction(() => location.hash === "#/security?source=fw-a&days=31");
  await context.close();
});

test("an alert of a blind sensor says why, and opens to the record that says it", async () => {
  const record = blindRecord(served.world);
  const id = served.world.counted("ids-c", record.since);
  // A line of another log source stands for the message: what matters is that it is the one that is named.
  const position = "1-2-10000";
  const sensor = { ...record, position };
  Object.assign(served.world.alerts.all.get(id).evidence, { measure: "sensor", averaging: null, value: 0.6, threshold: 0.1, end: record.at, sensor });
  for (const [language, said, open_] of [
    ["vi", /Bản ghi của cảm biến 60,0 % gói tin bị rơi · đã khởi động lại/, "Mở bản ghi của cảm biến"],
    ["en", /The sensor's record 60\.0 % of packets dropped · restarted/, "Open the sensor's record"],
  ]) {
    const { context, page } = await open(browser, new URL(`?lang=${language}#/?step=alert/${encodeURIComponent(id)}`, served.url));
    const button = page.getByRole("button", { name: open_ });
    await button.waitFor({ timeout: PATIENCE });
    assert.match(await page.locator("[data-part=origin]").innerText(), said);
    assert.deepEqual(await violations(page), []);
    await button.click();
    await page.waitForFunction((position) => location.hash.includes(position), position);
    await until(() => served.asked.some((path) => path.startsWith(`/api/lineage/envelope/${position}`)), "the message");
    await context.close();
  }
});

test("a longer period is asked for once, and not anew with every second", async () => {
  const { context, page } = await security();
  const before = asked().length;
  await page.getByLabel("Thời gian").selectOption("7");
  const longer = () => asked().slice(before).filter((path) => path.includes("from="));
  await until(() => longer().length > 0, "asked for");
  await page.waitForFunction((epoch) => Date.parse(document.querySelector("[data-part=clock] time").dateTime) > epoch, served.world.at + 2_000);
  assert.equal(longer().length, 1, longer().join("\n"));
  await context.close();
});

test("what cannot be an address is answered in the reader's language, and nothing else is shown for it", async () => {
  const { context, page } = await security(DESK, "?at=nowhere");
  await page.getByRole("alert").getByText("'nowhere' không phải là địa chỉ IP").waitFor();
  assert.equal(await page.locator("[data-event]").count(), 0);
  await context.close();
});

test("pages are the server's: older ones until there are none, and back to the newest", async () => {
  const { context, page } = await security();
  const first = await page.locator("[data-event]").first().getAttribute("data-event");
  await page.getByRole("button", { name: "Cũ hơn" }).click();
  await page.waitForFunction((first) => document.querySelector("[data-event]")?.dataset.event !== first, first);
  assert.match(page.url(), /before=\d+-1-2-\d+-0/);
  await page.getByRole("button", { name: "Cũ hơn" }).click();
  await page.getByText("Hết sự kiện trong khoảng thời gian này.").waitFor();
  await page.getByRole("button", { name: "Về mới nhất" }).click();
  await page.locator(`[data-event="${first}"]`).waitFor();
  await context.close();
});

test("from an event one step leads to the bytes it came in, with all its format says and names still masked", async () => {
  const { context, page } = await security();
  const row = page.locator(".events tbody", { hasText: "Failed password" }).locator("tr").first();
  assert.ok(!(await row.innerText()).includes("root"));
  await row.getByRole("button", { name: /Mở bản tin gốc/ }).click();
  await page.locator("[data-part=raw]").getByText("Failed password for root").waitFor({ timeout: PATIENCE });
  const listed = page.locator(".envelope-events li.followed");
  await listed.waitFor({ timeout: PATIENCE });
  for (const said of ["r***", "method", "password", "syslog 6", "203.0.113.5"]) assert.ok((await listed.innerText()).includes(said), said);
  assert.deepEqual(await violations(page), []);
  await keep(page, "security-envelope-1440");
  await context.close();
});

test("a hidden page asks nothing, and one that is looked at again asks at once", async () => {
  const { context, page } = await security();
  const summaries = () => served.asked.filter((path) => path === "/api/security/summary").length;
  const hide = (state) =>
    page.evaluate((state) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await hide("hidden");
  const before = summaries();
  await hide("visible");
  await until(() => summaries() === before + 1, "asked again");
  await context.close();
});

for (const size of SCREENS) {
  test(`nobody is shut out and nothing runs over the edge at ${size.width} px`, async () => {
    const { context, page, seen } = await security(size);
    for (const language of ["vi", "en"]) {
      if (language === "en") await page.getByRole("button", { name: "English" }).click();
      await settled(page);
      const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(widths[0] <= widths[1], `${language}: ${widths[0]} px wide on ${widths[1]} px`);
      assert.deepEqual(await violations(page), [], language);
      await keep(page, `security-${size.width}-${language}`);
      if (process.env.SHOTS && size.width === 390) await page.screenshot({ path: `${process.env.SHOTS}/security-390-${language}-whole.png`, fullPage: true });
    }
    if (size === PHONE) {
      const small = await page
        .locator("main button:visible, main summary:visible, main select:visible, main input:visible")
        .evaluateAll((targets) => targets.filter((target) => target.getBoundingClientRect().height < 43.5).map((target) => target.outerHTML));
      assert.deepEqual(small, [], "a thumb can hit every button");
      const cut = await page.locator(".clients-table :is(td, th[scope=row])").evaluateAll((cells) =>
        cells.filter((cell) => cell.getBoundingClientRect().right > cell.closest(".panel").getBoundingClientRect().right - 5 || cell.scrollWidth > cell.clientWidth + 1).map((cell) => cell.outerHTML),
      );
      assert.deepEqual(cut, [], "every cell is whole");
    }
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
}

for (const [width, height, query] of [[3840, 2160, "?m=5&pitch=0.63"], [1920, 1080, "?m=3&pitch=0.63"], [1080, 1920, "?m=3&pitch=0.63"], [1366, 768, ""]]) {
  test(`a wall of ${width} by ${height} shows the figures and who is silent, whole, with nothing to click`, async () => {
    const { context, page, seen } = await open(browser, new URL(`/wall/security${query}`, served.url), { ...WALL, width, height });
    await page.locator("[data-figure=log_sources]").waitFor({ timeout: PATIENCE });
    await settled(page);
    await keep(page, `security-wall-${width}`);
    const size = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]);
    assert.ok(size[0] <= width && size[1] <= height, String(size));
    assert.equal(await page.locator("button:visible, a:visible, select:visible, input:visible, summary:visible").count(), 0);
    const told = (await page.locator("[data-figure] .event-figure").allInnerTexts()).map((text) => text.trim());
    assert.equal(told.splice(2, 1)[0], String(served.world.alerts.open().filter(({ about }) => about !== "station").length));
    assert.deepEqual(told, ["≥ 121", "≥ 49", "3 / 5"]);
    const cut = await page.locator(".event-figures article, .amiss li, .event-hours > *").evaluateAll(
      (all, height) => all.filter((it) => it.getBoundingClientRect().bottom > height + 1 || it.scrollWidth > it.clientWidth + 1).map((it) => it.textContent),
      height,
    );
    assert.deepEqual(cut, []);
    const first = page.locator(".amiss li").first();
    assert.match(await first.innerText(), /Tường lửa biên.*im lặng|\+3/s);
    // A narrow wall leaves its title out.
    if (width === WALL.width) assert.deepEqual(await violations(page), []);
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
}
