// E of every state so far, of all lanes.

import { Frame, Layer, dot, polyline, prepare, segment, theme } from "../plot.js";
import { short } from "../format.js";

/** So many steps an axis has that is to have room for some more. */
function ahead(steps) {
  const each = 10 ** Math.floor(Math.log10(steps)) / 2;
  return Math.ceil(steps / each) * each;
}

export class CurveView {
  constructor(canvas, app) {
    Object.assign(this, { canvas, app, frame: null, axes: new Layer() });
  }

  draw() {
    const { app, canvas } = this;
    if (!canvas.offsetParent) return;
    const colours = theme();
    const { g, width, height } = prepare(canvas);
    const log = app.view.log;
    const drawn = (e) => (log ? Math.log10(e) : e);
    const lanes = app.lanes.map((lane) => lane.losses);
    const most = ahead(Math.max(10, ...lanes.map((losses) => losses.length - 1)));
    let low = Infinity;
    let high = -Infinity;
    const roof = 6 * Math.max(...app.lanes.map((lane) => Math.max(lane.state.start_loss, lane.info.baseline)));
    for (const losses of lanes) {
      for (const e of losses) {
        if (!Number.isFinite(e) || (log && e <= 0)) continue;
        const y = drawn(log ? e : Math.min(e, roof));
        if (y < low) low = y;
        if (y > high) high = y;
      }
    }
    low = log ? Math.floor(4 * low) / 4 : 0;
    if (!(high > low)) [low, high] = [low - 0.5, low + 0.5];
    const room = (high - low) * 0.08;
    const frame = (this.frame = new Frame(width, height, [0, most], [log ? low - room : 0, high + room]));
    const names = { x: app.lanes.some((lane) => lane.info.batch) ? "steps" : "epochs", y: app.errorText(0), log };
    this.axes.draw(g, `${frame.key} ${Object.values(names)}`, (g) => frame.axes(g, colours, names));
    frame.clip(g, () => {
      const base = drawn(app.lanes[0].info.baseline);
      g.setLineDash([2, 4]);
      g.strokeStyle = colours.soft;
      g.lineWidth = 1.2;
      segment(g, frame.left, frame.y(base), frame.left + frame.width, frame.y(base));
      g.setLineDash([]);
      lanes.forEach((losses, k) => {
        g.strokeStyle = colours.lanes[k];
        g.lineWidth = 2.2;
        const stride = Math.max(1, Math.floor(losses.length / (2 * frame.width)));
        const points = [];
        for (let i = 0; i < losses.length; i += stride) {
          if (Number.isFinite(losses[i])) points.push([frame.x(i), Math.max(-1e4, frame.y(drawn(losses[i])))]);
        }
        polyline(g, points);
        const { at, loss } = app.lanes[k].state;
        dot(g, frame.x(at), Math.max(frame.top + 5, frame.y(drawn(loss))), 5.5, colours.lanes[k], colours.paper);
      });
    });
    g.fillStyle = colours.soft;
    g.textAlign = "right";
    g.textBaseline = "bottom";
    const base = frame.y(drawn(app.lanes[0].info.baseline));
    if (base > frame.top + 14 && base < frame.top + frame.height) g.fillText("best constant", frame.left + frame.width - 4, base - 2);
  }

  summary() {
    const texts = this.app.lanes.map(({ state }) => `E went from ${short(state.start_loss)} to ${short(state.loss)} in ${state.at} steps`);
    return `The curve of E: ${texts.join("; ")}. Arrow keys step back and forward.`;
  }
}
