// The lesson on the page: its step, and the way to the others.

import { $ } from "./elements.js";
import { read } from "./hash.js";
import { LESSON, lessonHtml } from "./lesson.js";

export class LessonPanel {
  constructor(app) {
    Object.assign(this, { app, steps: LESSON, index: -1 });
  }

  /** The step that is shown; null outside of the lesson. */
  get step() {
    return this.index >= 0 ? this.steps[this.index] : null;
  }

  /** Shows a step, and sets up its state; -1 ends the lesson. */
  show(index, setUp = true) {
    const { app } = this;
    const on = index >= 0;
    const complaints = [];
    this.index = on ? Math.min(index, this.steps.length - 1) : -1;
    $("lesson-toggle").setAttribute("aria-pressed", String(on));
    $("lesson").hidden = !on;
    document.body.classList.toggle("with-lesson", on);
    if (on) {
      const step = this.steps[this.index];
      $("lesson").innerHTML = lessonHtml(this.steps, this.index);
      if (setUp && step.state) {
        const state = read(step.state);
        app.address.restore(state);
        complaints.push(...state.complaints);
      }
      $("lesson-back").addEventListener("click", () => this.show(this.index - 1));
      $("lesson-next").addEventListener("click", () => this.show(this.index + 1));
      $("lesson-again")?.addEventListener("click", () => this.show(this.index));
      for (const dot of $("lesson").querySelectorAll(".dot")) dot.addEventListener("click", () => this.show(Number(dot.dataset.step)));
    }
    app.show();
    app.alert(complaints.join("\n"));
  }
}
