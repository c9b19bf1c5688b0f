// E along one weight, the others held: the bowl, the slope where we stand, and the step.

import { Frame, Layer, arrow, dot, polyline, prepare, segment, steady, theme } from "../plot.js";
import { MANY } from "./contour.js";
import { short } from "../format.js";

export class BowlView {
  constructor(canvas, app, lane) {
    Object.assign(this, { canvas, app, lane, frame: null, span: null, axes: new Layer() });
  }

  /** The number of the weight that moves. */
  weight() {
    return Math.min(this.app.view.weight, this.app.lanes[this.lane].info.weights.length - 1);
  }

  draw() {
    const { app, canvas } = this;
    if (!canvas.offsetParent) return;
    const colours = theme();
    const { g, width, height } = prepare(canvas);
    const lane = app.lanes[this.lane];
    const index = this.weight();
    const weight = lane.info.weights[index];
    const here = lane.state.weights[index];
    const range = lane.range(index, here);
    const n = app.walk.running && app.points.n > MANY ? 33 : 161;
    const E = app.page.bowl(this.lane, JSON.stringify({ output: weight.output, feature: weight.feature }), range[0], range[1], n);
    const finite = E.filter(Number.isFinite);
    const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
    const high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
    const loss = lane.state.loss;
    // What lies far above where we stand only flattens the picture.
    const top = Math.min(high, Math.max(loss, lane.state.start_loss) * 2 + (high - low) * 0.35);
    const room = (top - low) * 0.08 || Math.max(1e-12, Math.abs(top) * 0.2);
    const span = [Math.min(low, loss) - room, Math.max(top, loss) + room * 2];
    this.span = app.walk.running ? steady(this.span, span) : span;
    const frame = (this.frame = new Frame(width, height, range, this.span));
    const names = { x: `w of ${weight.name}`, y: app.errorText(this.lane) };
    this.axes.draw(g, `${frame.key} ${names.x} ${names.y}`, (g) => frame.axes(g, colours, names));
    frame.clip(g, () => {
      const at = (k) => range[0] + ((range[1] - range[0]) * k) / (n - 1);
      g.strokeStyle = colours.lanes[this.lane];
      g.lineWidth = 2.5;
      polyline(g, Array.from(E, (e, k) => [frame.x(at(k)), frame.y(e)]));
      const [x, y] = [frame.x(here), frame.y(loss)];
      // The tangent: its slope is ∂E/∂w.
      const slope = lane.state.slope[index];
      const reach = (range[1] - range[0]) * 0.14;
      g.strokeStyle = colours.soft;
      g.setLineDash([5, 4]);
      g.lineWidth = 1.5;
      segment(g, frame.x(here - reach), frame.y(loss - slope * reach), frame.x(here + reach), frame.y(loss + slope * reach));
      g.setLineDash([]);
      this.drawTrail(g, frame, colours, index);
      const next = lane.state.next?.[index];
      if (Number.isFinite(next)) {
        g.strokeStyle = colours.faint;
        g.lineWidth = 1;
        segment(g, x, y, x, frame.top + frame.height);
        arrow(g, x, frame.top + frame.height - 10, frame.x(next), frame.top + frame.height - 10, colours.good);
      }
      dot(g, x, y, 6.5, colours.lanes[this.lane], colours.paper);
    });
  }

  summary() {
    const { info, state } = this.app.lanes[this.lane];
    const index = this.weight();
    return `E along the weight of ${info.weights[index].name}, the others held. Here w is ${short(state.weights[index])}, E is ${short(state.loss)}, ` +
      `the slope is ${short(state.slope[index])}${state.next ? `, and the next step would lead to w = ${short(state.next[index])}` : ""}.`;
  }

  /** Where the last states stood; only those with the same other weights lie on the curve. */
  drawTrail(g, frame, colours, index) {
    const lane = this.app.lanes[this.lane];
    const { at } = lane.state;
    const losses = lane.losses;
    const path = lane.path.filter((state) => state.k <= at).slice(-40);
    g.fillStyle = colours.lanes[this.lane];
    path.forEach((state, k) => {
      if (!Number.isFinite(losses[state.k])) return;
      g.globalAlpha = 0.12 + (0.45 * (k + 1)) / path.length;
      dot(g, frame.x(state.weights[index]), frame.y(losses[state.k]), 3, colours.lanes[this.lane]);
    });
    g.globalAlpha = 1;
  }
}
