// How many frames a second the page has while a walk runs on 1,000 points: node frames.js [SECONDS]. It is a measurement, and no test: what it says is that of the
// machine, and of a browser without a graphics card.

import { browser, host, open } from "./page.js";

const seconds = Number(process.argv[2] ?? 5);
const chromium = await browser();
const server = await host();

/** The time at each frame, and what the page worked in it, in milliseconds. */
async function measured(hash, options) {
  const { page, close } = await open(chromium, server.address + hash, options);
  // A phone shows no speeds to choose from.
  await page.evaluate(() => (document.getElementById("speed").value = "1"));
  const found = await page.evaluate(async (seconds) => {
    const app = window.deltarule;
    const [times, worked] = [[], []];
    const own = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (action) => own((time) => {
      const begin = performance.now();
      action(time);
      times.push(time);
      worked.push(performance.now() - begin);
    });
    app.walk.run();
    await new Promise((done) => setTimeout(done, seconds * 1000));
    const steps = app.lanes[0].state.at;
    app.walk.pause();
    return { times, worked, steps };
  }, seconds);
  await close();
  return found;
}

const at = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))];
for (const [name, hash, options] of [
  ["desktop, 1360 × 900", "#data=thousand", {}],
  ["desktop, two settings side by side", "#data=thousand&b=1&b.eta=0.5", {}],
  ["phone, 390 × 844 at 2 pixels each", "#data=thousand", { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }],
]) {
  const { times, worked, steps } = await measured(hash, options);
  const apart = times.slice(1).map((time, k) => time - times[k]);
  const rate = (1000 * (times.length - 1)) / (times.at(-1) - times[0]);
  console.log(`${name}: ${rate.toFixed(1)} frames a second, ${steps} steps; from frame to frame ${at(apart, 0.5).toFixed(1)} ms (19 of 20 within ${at(apart, 0.95).toFixed(1)}); ` +
    `worked in a frame: ${at(worked, 0.5).toFixed(1)} ms (19 of 20 within ${at(worked, 0.95).toFixed(1)})`);
}
await chromium.close();
server.close();
