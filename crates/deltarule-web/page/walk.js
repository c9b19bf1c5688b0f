// The walk: a step, a step back, run, pause, reset, by buttons and by keys.

import { $ } from "./elements.js";

export class Walk {
  constructor(app) {
    Object.assign(this, { app, running: false, owed: 0, frames: 0 });
  }

  forward(steps = 1) {
    const { app } = this;
    let walked = 0;
    app.try(() => {
      app.lanes.forEach((lane, k) => {
        walked += app.page.forward(k, steps);
        lane.look();
      });
    });
    return walked;
  }

  step() {
    this.pause();
    this.forward(1);
    this.show();
  }

  back() {
    const { app } = this;
    this.pause();
    app.lanes.forEach((lane, k) => {
      app.page.back(k);
      lane.look();
    });
    this.show();
  }

  reset() {
    const { app } = this;
    this.pause();
    app.try(() => app.lanes.forEach((lane, k) => {
      app.page.reset(k);
      lane.renew();
    }));
    this.show();
  }

  /** All that a step changes. */
  show() {
    const { app } = this;
    app.readouts.show();
    app.controls.show();
    app.draw();
    app.readouts.say();
    app.address.keep();
  }

  run() {
    const { app } = this;
    if (this.running) return this.pause();
    this.running = true;
    this.owed = 0;
    $("run").setAttribute("aria-pressed", "true");
    $("run").querySelector("span").textContent = "Pause";
    const frame = () => {
      if (!this.running) return;
      this.owed += Number($("speed").value);
      const steps = Math.floor(this.owed);
      this.owed -= steps;
      if (steps > 0) {
        const walked = this.forward(steps);
        this.frames = this.frames + 1;
        if (walked === 0) {
          this.pause();
          return app.readouts.say();
        }
        // First the pictures: what asks for their sizes after words were written has the page laid out at once.
        app.draw();
        app.readouts.show();
      }
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  pause() {
    const { app } = this;
    if (!this.running) return;
    this.running = false;
    $("run").setAttribute("aria-pressed", "false");
    $("run").querySelector("span").textContent = "Run";
    app.controls.show();
    app.readouts.show();
    app.draw();
    app.address.keep();
  }

  key(event) {
    const { app } = this;
    if (event.ctrlKey || event.metaKey || event.altKey || $("columns").open) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const isButton = event.target.closest?.("button, summary, a");
    const factor = { "[": 1 / 1.1, "]": 1.1 }[event.key];
    if (event.key === "ArrowRight") this.step();
    else if (event.key === "ArrowLeft") this.back();
    else if (event.key === " " && !isButton) this.run();
    else if (event.key === "Home") this.reset();
    else if (factor) app.setEta(app.lanes[app.lane].info.eta * factor);
    else if (/^[np]$/i.test(event.key) && app.lesson.index >= 0) {
      const next = app.lesson.index + (event.key.toLowerCase() === "n" ? 1 : -1);
      if (next >= 0 && next < app.lesson.steps.length) app.lesson.show(next);
    } else return;
    event.preventDefault();
  }

  listen() {
    const on = (id, action) => $(id).addEventListener("click", action);
    on("forward", () => this.step());
    on("back", () => this.back());
    on("reset", () => this.reset());
    on("run", () => this.run());
    document.addEventListener("keydown", (event) => this.key(event));
  }
}
