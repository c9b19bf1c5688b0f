// What a frame takes while a walk on 1,000 points runs, how many are shown, and how long the page takes to load: node frames.js [SECONDS]. It is a measurement, and no test: the second number is that
// of the machine and of what else it does, and of a browser without a graphics card.

import { pathToFileURL } from "node:url";
import { browser, host, oneFile, open } from "./page.js";

const seconds = Number(process.argv[2] ?? 5);
const chromium = await browser();
const server = await host();

/** The time of each frame, and in milliseconds what the page's script took in it, and what all of it took: script, style, layout and painting. */
async function measured(hash, options) {
  const { page, close } = await open(chromium, server.address + hash, options);
  await page.selectOption("#speed", "1");
  const found = await page.evaluate(async (seconds) => {
    const app = window.deltarule;
    const [times, scripts, wholes] = [[], [], []];
    const own = window.requestAnimationFrame.bind(window);
    let begin = 0;
    // A message that is sent in a frame arrives when the frame has been painted.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => wholes.push(performance.now() - begin);
    window.requestAnimationFrame = (action) => own((time) => {
      begin = performance.now();
      action(time);
      times.push(time);
      scripts.push(performance.now() - begin);
      port2.postMessage(null);
    });
    app.walk.run();
    await new Promise((done) => setTimeout(done, seconds * 1000));
    const steps = app.lanes[0].state.at;
    app.walk.pause();
    return { times, scripts, wholes, steps };
  }, seconds);
  await close();
  return found;
}

const at = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))];
const twice = (values) => `${at(values, 0.5).toFixed(1)} ms (19 of 20 within ${at(values, 0.95).toFixed(1)})`;
for (const [name, hash, options] of [
  ["desktop, 1360 × 900", "#data=thousand", {}],
  ["desktop, two settings side by side", "#data=thousand&b=1&b.eta=0.5", {}],
  ["phone, 390 × 844 at 2 pixels each", "#data=thousand", { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }],
]) {
  const { times, scripts, wholes, steps } = await measured(hash, options);
  const rate = (1000 * (times.length - 1)) / (times.at(-1) - times[0]);
  console.log(`${name}: a frame takes ${twice(wholes)}, of which the script ${twice(scripts)}; shown: ${rate.toFixed(1)} frames a second, ${steps} steps`);
}

/** Milliseconds from where a new page begins to load until it can be used. */
async function loaded(address) {
  const { page, close } = await open(chromium, address);
  const found = await page.evaluate(() => performance.now());
  await close();
  return found;
}
for (const [name, address] of [["one file, from disk", pathToFileURL(oneFile).href], ["a folder, from a host on this machine", server.address]]) {
  const times = [];
  for (let k = 0; k < 7; k++) times.push(await loaded(address));
  console.log(`${name}: loads in ${at(times, 0.5).toFixed(0)} ms (the longest of 7: ${Math.max(...times).toFixed(0)})`);
}
await chromium.close();
server.close();
