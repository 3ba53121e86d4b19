// What agencies reported: the screen of reports, on the fixture. SHOTS=folder also keeps what was seen.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { startFixture } from "./fixture/server.js";
import { DESK, PATIENCE, PHONE, SCREENS, keep, launch, open, settled, until, violations } from "./support.js";

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

/** The list, one report or values, as the address says. */
async function reports(size = DESK, query = "") {
  const opened = await open(browser, new URL(`#/reports${query}`, served.url), size);
  await opened.page.locator("[data-receipt], .report-story .facts, .reports [role=alert]").first().waitFor({ timeout: PATIENCE });
  return opened;
}

const asked = () => served.asked.filter((path) => path.startsWith("/api/reports/"));
const texts = (locator) => locator.allInnerTexts().then((all) => all.map((text) => text.replaceAll(/\s+/g, " ").trim()));

/** The rows of a file that a click brings. */
async function downloaded(page, name) {
  const coming = page.waitForEvent("download", { timeout: PATIENCE });
  await page.getByRole("button", { name }).click();
  const file = await coming;
  return readFileSync(await file.path(), "utf8").slice(1, -2).split("\r\n").map((line) => line.split(","));
}

test("its script is loaded when it is looked at, and not before", async () => {
  const { context, page, seen } = await open(browser, served.url);
  const loaded = () => seen.requests.filter((url) => url.endsWith("/assets/reports.js")).length;
  await page.locator("[data-kpi]").first().waitFor({ timeout: PATIENCE });
  assert.equal(loaded(), 0);
  await page.getByRole("link", { name: "Báo cáo", exact: true }).click();
  await page.locator("[data-receipt]").first().waitFor({ timeout: PATIENCE });
  assert.equal(loaded(), 1);
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("what arrived stands the newest first, and only what was not taken whole has a shape and a colour", async () => {
  const { context, page } = await reports();
  const verdicts = page.locator("[data-receipt] [data-verdict]");
  const words = await verdicts.evaluateAll((all) => all.slice(0, 8).map((it) => [it.dataset.verdict, it.querySelector("svg.mark")?.classList[1] ?? ""]));
  assert.deepEqual(words, [
    ["in_part", "low"],
    ["held", "medium"],
    ["duplicate", ""],
    ["accepted", ""],
    ["accepted", ""],
    ["accepted", ""],
    ["accepted", ""],
    ["refused", "medium"],
  ]);
  const colours = await verdicts.evaluateAll((all) => new Set(all.filter((it) => !it.querySelector("svg")).map((it) => getComputedStyle(it).color)).size);
  assert.equal(colours, 1);
  const correction = page.locator("[data-receipt='1-0-762']");
  assert.deepEqual(await texts(correction.locator("[data-count]")), ["1", "1", "1", "0", "0", "3", "0", "0", "0"]);
  assert.match(await correction.innerText(), /Tân Biên 25486.*tháng 10\/2026 \(15\/09–14\/10\)/s);
  await context.close();
});

test("the list is filtered and paged by the server, stands in the address, and a passed on address shows the same", async () => {
  const { context, page } = await reports();
  await page.getByRole("button", { name: "Cũ hơn" }).click();
  await until(() => /receipts\?limit=25&before=\d+-1-0-\d+$/.test(asked().at(-1)), "the next page");
  await page.waitForFunction(() => /#\/reports\?before=\d+-1-0-\d+$/.test(location.hash));
  const filters = page.locator(".receipts .event-filters");
  await filters.getByLabel("Biểu").selectOption("ktxh-x");
  await filters.getByLabel("Kết quả").selectOption("refused");
  await until(() => asked().at(-1) === "/api/reports/receipts?limit=25&form=ktxh-x&verdict=refused", "filtered, from the first page");
  await page.waitForFunction(() => location.hash === "#/reports?form=ktxh-x&verdict=refused");
  await page.waitForFunction(() => document.querySelectorAll("[data-receipt]").length === 1);
  await page.getByText("Hết báo cáo.").waitFor();
  const address = page.url();
  await context.close();
  const other = await open(browser, address);
  await other.page.locator("[data-receipt]").first().waitFor({ timeout: PATIENCE });
  assert.deepEqual(await other.page.locator("[data-verdict]").evaluateAll((all) => all.map((it) => it.dataset.verdict)), ["refused"]);
  await other.page.getByRole("button", { name: "Bỏ lọc" }).click();
  await other.page.waitForFunction(() => location.hash === "#/reports" && document.querySelectorAll("[data-receipt]").length === 25);
  await other.context.close();
});

test("a report opens by keyboard to what was found and what it changed, leads to its bytes, and closes to where it was left", async () => {
  const { context, page } = await reports();
  await page.locator("[id='receipt-1-0-762']").press("Enter");
  const story = page.locator(".report-story");
  await story.locator("[data-cell]").waitFor({ timeout: PATIENCE });
  await page.waitForFunction(() => document.activeElement?.id === "report-title");
  assert.equal(new URL(page.url()).hash, "#/reports?report=1-0-762");
  assert.match((await texts(story.locator("[data-cell='X02//25486']")))[0], /Tân Biên 25486.*X02.*312 → 1\.130.*sửa số/);
  assert.equal(await story.locator("[data-finding]").count(), 3);
  assert.match((await texts(story.locator("[data-finding]").first()))[0], /lưu ý.*X03 \(Hộ nghèo\): không có trong báo cáo, giữ số cũ/);
  await page.getByRole("button", { name: "English" }).click();
  assert.match((await texts(story.locator("[data-finding]").first()))[0], /note.*X03: not in the report, kept as it was/);
  assert.match((await texts(story.locator("[data-cell]")))[0], /312 → 1,130/);
  await story.getByRole("button", { name: /Open the message as it came/ }).click();
  await page.locator("[data-part=raw]").getByText("X02;Hồ sơ đúng hạn;hồ sơ;1130").waitFor({ timeout: PATIENCE });
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Escape");
  await story.getByRole("button", { name: "Back to the list" }).click();
  await page.waitForFunction(() => document.activeElement?.id === "receipt-1-0-762");
  await context.close();
});

test("what another agency says is told of as kept beside, and what changed nothing says so", async () => {
  const { context, page } = await reports(DESK, "?report=1-0-764");
  const story = page.locator(".report-story");
  assert.match((await texts(story.locator("[data-cell='X03//25486']")))[0], /chưa có → 91.*lưu bên cạnh, không hiện/);
  assert.equal(await story.locator("[data-finding=conflict] svg.mark.low").count(), 1);
  await page.goto(String(new URL("#/reports?report=1-0-763", served.url)));
  await page.getByText("Báo cáo này không làm thay đổi ô nào.").waitFor({ timeout: PATIENCE });
  await page.goto(String(new URL("#/reports?report=1-0-1", served.url)));
  await page.getByText(/Không tìm thấy/).waitFor({ timeout: PATIENCE });
  await context.close();
});

test("values of a period are the owner's last word, of the days the period has, and each opens the report that says it", async () => {
  const { context, page } = await reports();
  await page.locator("[data-receipt='1-0-762']").getByRole("button", { name: "tháng 10/2026" }).click();
  const values = page.locator(".report-values");
  await values.locator("[data-place='25486']").waitFor({ timeout: PATIENCE });
  assert.match(page.url(), /#\/reports\?of=ktxh-x&period=2026-10$/);
  assert.deepEqual(await texts(values.locator("[data-value] [class=link]")).then((all) => all.map((text) => text.split(" ")[0])), ["1.204", "1.130", "87", "146", "865,4"]);
  await values.getByRole("button", { name: /^1\.130 .*X02/ }).click();
  await page.locator(".report-story [data-cell='X02//25486']").waitFor({ timeout: PATIENCE });
  await context.close();
});

test("marks are told apart by sign and word, an empty place from an empty cell, and a number keeps all of its digits", async () => {
  const { context, page } = await reports(DESK, "?of=dan-so&period=2026-Q3");
  const values = page.locator(".report-values");
  const column = values.locator("[data-value='DS02/']");
  await column.first().waitFor({ timeout: PATIENCE });
  const said = (await texts(column)).map((text) => text.replace(/ [^ ]*, DS02.*| ?\S+ \S+, DS02.*/, ""));
  for (const mark of ["– không phát sinh", "… chưa thu thập", "x không công bố", "chưa điền", "đã rút lại", "12.345.678.901.234.567,25", "-0,50"]) {
    assert.equal(said.filter((text) => text.startsWith(mark)).length, 1, `${mark}: ${said.join("; ")}`);
  }
  assert.equal(said.filter((text) => text === "· chưa báo cáo").length, 2);
  assert.match(await values.locator(".report-key").innerText(), /– không phát sinh; … chưa thu thập; x không công bố; · chưa báo cáo/);
  assert.match(await values.locator("tr", { hasText: "số của công an xã" }).innerText(), /1\.501.*sơ bộ/s);
  await context.close();
});

test("a total says of how many that are expected it knows, in the server's words, and stands below what it is of", async () => {
  const { context, page } = await reports(DESK, "?of=dan-so&period=2026-Q3");
  const totals = page.locator("[data-total]");
  await totals.first().waitFor({ timeout: PATIENCE });
  assert.deepEqual(await texts(totals), ["10.336 của 7/12 nơi", "4.620 của 6/24 ô", "không cộng của 3/12 nơi"]);
  assert.deepEqual(await totals.evaluateAll((all) => all.map((it) => it.colSpan)), [1, 2, 1]);
  await context.close();
});

test("values are a file: a row a cell, numbers with a point and all of their digits, marks by their words", async () => {
  const { context, page } = await reports(DESK, "?of=dan-so&period=2026-Q3");
  await page.locator("[data-total]").first().waitFor({ timeout: PATIENCE });
  const [titles, ...rows] = await downloaded(page, /^Tải CSV: Số liệu theo biểu và kỳ/);
  const at = (title) => titles.indexOf(title);
  assert.equal(rows.length, 22);
  const numbers = rows.map((row) => row[at("Số")]);
  for (const number of ["12345678901234567.25", "-0.50", ""]) assert.ok(numbers.includes(number), number);
  assert.ok(rows.some((row) => row[at("Ký hiệu")] === "withheld" && row[at("Số")] === ""));
  await context.close();
});

test("what is no period is answered in the reader's language, and nothing is shown for it", async () => {
  const { context, page } = await reports(DESK, "?of=ktxh-x&period=soon");
  await page.getByRole("alert").getByText("'soon' không phải là kỳ báo cáo").waitFor({ timeout: PATIENCE });
  assert.equal(await page.locator("[data-value]").count(), 0);
  await page.getByLabel(/^Kỳ báo cáo/).fill("2026-11");
  await page.keyboard.press("Enter");
  await page.locator("[data-place='25486']").waitFor({ timeout: PATIENCE });
  await context.close();
});

for (const size of SCREENS) {
  for (const [name, query, ready] of [
    ["list", "?of=dan-so&period=2026-Q3", "[data-total]"],
    ["story", "?report=1-0-767", "[data-cell]"],
  ]) {
    test(`nobody is shut out of the ${name} and nothing runs over the edge at ${size.width} px`, async () => {
      const { context, page, seen } = await reports(size, query);
      await page.locator(ready).first().waitFor({ timeout: PATIENCE });
      for (const language of ["vi", "en"]) {
        if (language === "en") await page.getByRole("button", { name: "English" }).click();
        await settled(page);
        const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(widths[0] <= widths[1], `${language}: ${widths[0]} px wide on ${widths[1]} px`);
        assert.deepEqual(await violations(page), [], language);
        await keep(page, `reports-${name}-${size.width}-${language}`);
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/reports-${name}-${size.width}-${language}-whole.png`, fullPage: true });
      }
      if (size === PHONE) {
        const small = await page
          .locator("main button:visible, main select:visible, main input:visible")
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
}
