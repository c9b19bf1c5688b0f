// The state of the page as its address, written soon after each change, and the way back.

import { DATASETS } from "./datasets.js";
import { $ } from "./elements.js";
import { DEFAULTS, parted, read, settingsOf, wordsOf, write, wrong } from "./hash.js";
import { LaneState } from "./lane.js";
import { LESSON, stepsOf } from "./lesson.js";
import { builtIn, tableOf, wordsOfTable } from "./table.js";

/** The address is written at most so often: browsers refuse more than some hundred times a minute. */
const ADDRESS_MS = 350;

export class Address {
  constructor(app) {
    Object.assign(this, { app, restoring: false, timer: null, writtenAt: -Infinity, csvVersion: null, csvText: null });
  }

  /** The points as CSV, worked out once for each change. */
  csv() {
    const { app } = this;
    if (!app.source.edited) return app.source.csv;
    if (this.csvVersion !== app.pointsVersion) [this.csvVersion, this.csvText] = [app.pointsVersion, app.page.csv()];
    return this.csvText;
  }

  /** The whole state in words. */
  words() {
    const { app } = this;
    const { source, view } = this.app;
    const words = wordsOfTable(source, () => this.csv());
    app.lanes.forEach((lane, k) => {
      // Where settings were changed or points moved on the way, the walk begins at the weights before its first step.
      const [start, steps] = lane.state.anchor;
      const own = wordsOf({ ...lane.info.settings, eta: lane.info.settings.eta ?? lane.info.eta, start: start ?? lane.info.settings.start }, steps);
      for (const [key, value] of Object.entries(own)) words[k ? `b.${key}` : key] = value;
      if (k) words.b = "1";
    });
    if (view.weight) words.w = String(view.weight);
    if (view.pair.join() !== "0,1") words.ww = view.pair.join();
    if (view.record) words.record = String(view.record + 1);
    if (view.output) words.output = String(view.output);
    if (view.space) words.space = "1";
    if (view.log) words.log = "1";
    words.x = view.columns.join();
    if (app.lesson.index >= 0) words.lesson = String(app.lesson.index + 1);
    if (app.hidden.size) words.hide = [...app.hidden].join(",");
    if (app.lesson.steps !== LESSON) words.steps = JSON.stringify(app.lesson.steps);
    return words;
  }

  /** Sees to it that the address is that of the state, soon. */
  keep() {
    const { app } = this;
    if (app.walk.running || app.dragging || this.restoring || this.timer) return;
    const rest = this.writtenAt + ADDRESS_MS - performance.now();
    if (rest <= 0) this.write();
    else this.timer = setTimeout(() => this.write(), rest);
  }

  write() {
    const { app } = this;
    clearTimeout(this.timer);
    this.timer = null;
    if (app.walk.running || app.dragging || this.restoring) return;
    this.writtenAt = performance.now();
    const hash = write(this.words());
    if (hash !== location.hash) history.replaceState(null, "", hash);
  }

  /** Takes up what the address says; without one, the data that came with the page, or a first example. What of it cannot be is told. */
  start() {
    const { app } = this;
    app.walk.pause();
    const state = read(location.hash);
    const { words, complaints } = state;
    app.hidden = new Set(parted(words.hide).filter(Boolean));
    const parts = new Set(["points", ...[...document.querySelectorAll("[data-part]")].map((part) => part.dataset.part)]);
    const unknown = [...app.hidden].filter((part) => !parts.has(part));
    // The pictures have their parts only when they are there.
    for (const part of ["data-view", "bowl", "contour"]) parts.add(part);
    if (unknown.some((part) => !parts.has(part))) complaints.push(wrong("hide", unknown.filter((part) => !parts.has(part)).join(","), `some of ${[...parts].join(", ")}`));
    if (words.steps) {
      try {
        app.lesson.steps = stepsOf(words.steps, "steps in the address");
      } catch (error) {
        complaints.push(error.message);
      }
    }
    this.restore(state);
    const index = Number(words.lesson ?? (app.lesson.steps === LESSON ? 0 : 1)) - 1;
    if (index >= app.lesson.steps.length) complaints.push(wrong("lesson", words.lesson, `a number from 1 to ${app.lesson.steps.length}`));
    const only = Object.keys(words).every((key) => ["lesson", "steps", "hide"].includes(key));
    if (index >= 0 && index < app.lesson.steps.length) app.lesson.show(index, only);
    else if (app.lesson.index >= 0) app.lesson.show(-1);
    if (complaints.length) app.alert(complaints.join("\n"));
  }

  /** Takes up a state from words; what of them cannot be goes to `complaints`. */
  restore({ words, second, complaints }) {
    const { app } = this;
    this.restoring = true;
    try {
      const { source, settings, isOther } = tableOf(words, complaints);
      this.openWith(source, settings, isOther ? {} : words, complaints);
      if (isOther) [words, second] = [{}, null];
      this.restoreLanes(words, second, complaints);
      this.restoreView(words, complaints);
    } finally {
      this.restoring = false;
    }
    $("log").checked = app.view.log;
    app.showSource();
    app.build();
  }

  /** Opens a table with the settings that words say. Those that cannot be leave it with its own. */
  openWith(source, settings, words, complaints) {
    const { app } = this;
    const isSaid = Object.keys(words).some((key) => key in DEFAULTS);
    // A link says all that is not by default; an address by hand, without a table, adds to what came with the page.
    const isLink = words.data !== undefined || words.csv !== undefined || words.missing !== undefined || source.id !== "given";
    const said = isLink ? settingsOf(words) : settingsOf({ ...wordsOf(settings, 0), ...words });
    try {
      app.open(source, isSaid ? said : settings);
    } catch (error) {
      complaints.push(error.message ?? String(error));
      if (isSaid) app.open(source, settings);
      else app.open(builtIn(DATASETS[0]), settingsOf(DATASETS[0].settings));
    }
  }

  restoreLanes(words, second, complaints) {
    const { app } = this;
    if (second) {
      try {
        app.page.add_lane(JSON.stringify(settingsOf(second)));
        app.lanes.push(new LaneState(app, 1));
        app.lanes[1].renew();
      } catch (error) {
        complaints.push(`the second setting: ${error.message ?? error}`);
      }
    }
    $("compare").setAttribute("aria-pressed", String(app.lanes.length > 1));
    [words.step, second?.step].forEach((steps, k) => {
      const lane = app.lanes[k];
      if (!lane || !(Number(steps) > 0)) return;
      const walked = app.page.forward(k, Number(steps));
      lane.renew();
      if (walked < Number(steps)) complaints.push(wrong(k ? "b.step" : "step", steps, `at most ${walked}: ${lane.state.ended?.title ?? "the page keeps no more steps"}`));
    });
  }

  /** What is looked at: numbers that are none of these points or weights are told. */
  restoreView(words, complaints) {
    const { view, points } = this.app;
    const index = (key, text, n, otherwise, first = 0) => {
      if (text === undefined) return otherwise;
      const k = Number(text) - first;
      if (k >= 0 && k < n) return k;
      complaints.push(wrong(key, text, n === 1 ? `${first}, the only one` : `a number from ${first} to ${n - 1 + first}`));
      return otherwise;
    };
    const weights = this.app.lanes[0].info.weights.length;
    view.weight = index("w", words.w, weights, 0);
    const pair = parted(words.ww).map((text) => index("ww", text, weights, null));
    if (pair.length === 2 && !pair.includes(null)) {
      if (pair[0] !== pair[1]) view.pair = pair;
      else complaints.push(wrong("ww", words.ww, "two different weights"));
    }
    view.record = index("record", words.record, points.n, 0, 1);
    view.output = index("output", words.output, points.outputs.length, 0);
    view.space = words.space === "1";
    view.log = words.log === "1";
    const chosen = parted(words.x).map((text) => index("x", text, points.features.length, null));
    if (chosen.length && !chosen.includes(null)) {
      if (chosen[0] !== chosen[1]) view.columns = chosen;
      else complaints.push(wrong("x", words.x, "two different columns"));
    }
  }

  listen() {
    addEventListener("hashchange", () => {
      // A place of the page, such as the link that skips to the walk has: no state.
      if (location.hash.length > 1 && !location.hash.includes("=") && document.getElementById(location.hash.slice(1))) return this.write();
      return this.start();
    });
    addEventListener("pagehide", () => this.timer && this.write());
  }
}
