// When each epoch is on screen, in a real browser: `node tests/painted.js URL SECONDS` prints the frames that showed a new
// one, as [epoch, milliseconds since 1970], one JSON line. Says "ready" on a line of its own when it looks.
//
// The page says in its root element which epoch its content is of. A frame shows what was written before it; it has been
// drawn when a task runs that was posted within it. The clock is the machine's, which is also the senders'.

import { DESK, launch, open } from "./support.js";

const [url, seconds] = process.argv.slice(2);

function watch() {
  const frames = [];
  globalThis.frames_painted = frames;
  const drawn = new MessageChannel();
  const root = document.documentElement;
  let asked = false;
  drawn.port1.onmessage = ({ data }) => frames.push([data, performance.timeOrigin + performance.now()]);
  new MutationObserver(() => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      drawn.port2.postMessage(Number(root.dataset.epoch));
    });
  }).observe(root, { attributeFilter: ["data-epoch"] });
}

const browser = await launch();
try {
  const { page, seen } = await open(browser, url, DESK);
  await page.evaluate(watch);
  console.log("ready");
  await page.waitForTimeout(Number(seconds) * 1000);
  const frames = await page.evaluate(() => globalThis.frames_painted);
  if (seen.errors.length > 0) throw new Error(seen.errors.join("; "));
  console.log(JSON.stringify({ frames }));
} finally {
  await browser.close();
}
