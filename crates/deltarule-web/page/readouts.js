// What stands in words and numbers: where the walk is, the weights, one record's arithmetic.

import { $, show } from "./elements.js";
import { escaped, exact, short } from "./format.js";
import { isSeen } from "./sight.js";
import { weightsHtml, workedHtml } from "./views/worked.js";

export class Readouts {
  constructor(app) {
    Object.assign(this, { app, lastNumbers: 0, lastWords: 0 });
  }

  /** Where the walk is, in numbers. */
  show() {
    const { app } = this;
    // While it runs the eye reads no more than twenty numbers a second.
    if (app.walk.running && performance.now() - this.lastNumbers < 50) return;
    this.lastNumbers = performance.now();
    show($("readouts"), app.lanes.map((lane, k) => {
      const { state, info } = lane;
      const letter = app.lanes.length > 1 ? `<span class="tag tag-${k}">${"AB"[k]}</span>` : "";
      const steps = info.batch && !info.epochs_only ? `<div><dt>step</dt><dd data-value="at">${state.at}</dd></div><div><dt>epoch</dt><dd>${state.epoch}${state.is_epoch ? "" : "…"}</dd></div>` : `<div><dt>epoch</dt><dd data-value="at">${state.at}</dd></div>`;
      const ended = state.ended ? `<p class="ended ${state.ended.failed ? "bad" : "good"}" role="note"><b>${escaped(state.ended.title)}.</b> ${escaped(state.ended.text)}</p>` : state.full ? `<p class="ended">The page keeps no more steps than these: reset to walk again.</p>` : "";
      return `<div class="readout" data-lane="${k}">${letter}<dl>${steps}
        <div class="wide"><dt>${escaped(app.errorText(k))}</dt><dd class="loss" data-value="loss">${exact(state.loss)}</dd></div>
        <div><dt>mean</dt><dd>${short(state.mean_loss)}</dd></div>
        <div class="slope"><dt>|slope|</dt><dd>${short(state.gradient_norm, 4)}</dd></div></dl>${ended}</div>`;
    }).join(""));
    const lane = app.lanes[app.lane];
    $("back").disabled = $("reset").disabled = app.lanes.every((l) => l.state.at === 0 && l.state.n === 1) && !app.walk.running;
    $("forward").disabled = app.lanes.every((l) => l.state.ended !== null);
    if (!app.walk.running || performance.now() - this.lastWords > 120) {
      this.lastWords = performance.now();
      if (this.follows($("weights"))) show($("weights"), weightsHtml(lane, app.points));
      this.showWorked();
    }
  }

  showWorked() {
    const { app } = this;
    const record = Math.min(app.view.record, app.points.n - 1);
    if (document.activeElement !== $("record")) $("record").value = String(record + 1);
    const panel = $("worked");
    if (panel.closest(".gone") || !this.follows(panel)) return;
    const step = JSON.parse(app.page.worked(app.lane, record));
    show(panel, workedHtml(step, app.lanes[app.lane], app.points, app.view.output));
  }

  /** Whether words are written anew: while a walk runs, those that are on the screen. */
  follows(element) {
    return !this.app.walk.running || isSeen(element);
  }

  /** Says in words where the walk is, for those who hear the page. */
  say() {
    const { app } = this;
    const { state } = app.lanes[app.lane];
    $("said").textContent = state.ended ? `${state.ended.title}. ${state.ended.text}` : `Step ${state.at}: E is ${short(state.loss)}.`;
  }
}
