// Opens a page in Chromium, waits until it shows some words, prints its text. Exit code 1 if it never does.

import { createRequire } from "node:module";
import path from "node:path";

const [url, words, patience] = process.argv.slice(2);
const { chromium } = createRequire(path.join(process.env.WEB, "package.json"))("playwright-core");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
try {
  const page = await browser.newPage();
  await page.goto(url);
  await page.getByText(words).first().waitFor({ timeout: Number(patience) });
  console.log(await page.locator("body").innerText());
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
} finally {
  await browser.close();
}
