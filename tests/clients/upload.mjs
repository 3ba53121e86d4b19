// A clerk before the page of senders, in Chromium: takes steps from standard input (JSON: {url, steps: [[step, ...]]}) and
// prints what was seen of each, as JSON. Exit code 1 if a step cannot be taken.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.env.WEB, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const { url, steps } = JSON.parse(readFileSync(0, "utf8"));
const PATIENCE = 30_000;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
const seen = { steps: [], foreign: [], errors: [] };
try {
  // The page's own policy would keep axe out.
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, bypassCSP: true, acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on("request", (request) => {
    if (!request.url().startsWith(url)) seen.foreign.push(request.url());
  });
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("dialog", (dialog) => {
    seen.errors.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  const saved = async (link, to) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator(link).click()]);
    await download.saveAs(to);
    return download.suggestedFilename();
  };
  const text = (what) => page.locator(what).allInnerTexts();
  const taking = {
    open: async (at = "/upload") => (await page.goto(new URL(at, url).href), page.url()),
    async log_in(name, secret) {
      await page.locator("#name").fill(name);
      await page.locator("#secret").fill(secret);
      await page.locator("form button[type=submit]").click();
      await page.locator("#log-in-trouble:not(:empty), #send-title, main > p.card").first().waitFor();
      return { trouble: (await text("#log-in-trouble")).join(""), desk: await page.locator("#send-title").count() };
    },
    async send(file) {
      await page.locator("#file").setInputFiles(file);
      await page.locator("#go").click();
      await page.locator("#story-title").waitFor();
      return { title: (await text("#story-title")).join(), position: new URLSearchParams(new URL(page.url()).hash.slice(1)).get("report") };
    },
    drop: async (name, content) => {
      const data = await page.evaluateHandle(
        ([name, content]) => {
          const data = new DataTransfer();
          data.items.add(new File([content], name));
          return data;
        },
        [name, content],
      );
      await page.locator(".zone").dispatchEvent("drop", { dataTransfer: data });
      return text(".file b");
    },
    press: async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
      return page.evaluate(() => document.activeElement.id);
    },
    wait: async (what) => (await page.locator(what).first().waitFor(), text(what)),
    click: async (what) => page.locator(what).first().click(),
    text,
    saved,
    async axe(width, scheme) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme: scheme });
      await page.evaluate(axe);
      const found = await page.evaluate(() => window.axe.run());
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      return { violations: found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`), wide };
    },
    async shot(name) {
      if (process.env.SHOTS) await page.screenshot({ path: path.join(process.env.SHOTS, `${name}.png`), fullPage: true });
    },
    cookies: async () => context.cookies(),
    evaluate: async (code) => page.evaluate(code),
  };
  for (const [step, ...with_] of steps) seen.steps.push((await taking[step](...with_)) ?? null);
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
