// E of every state so far, of all lanes.

import { Frame, dot, polyline, prepare, segment, theme } from "../plot.js";
import { short } from "../format.js";

export class CurveView {
  constructor(canvas, app) {
    Object.assign(this, { canvas, app, frame: null });
  }

  draw() {
    const { app, canvas } = this;
    if (!canvas.offsetParent) return;
    const colours = theme();
    const { g, width, height } = prepare(canvas);
    const log = app.view.log;
    const drawn = (e) => (log ? Math.log10(e) : e);
    const lanes = app.lanes.map((lane) => lane.losses);
    const most = Math.max(10, ...lanes.map((losses) => losses.length - 1));
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
    if (!log) low = 0;
    if (!(high > low)) [low, high] = [low - 0.5, low + 0.5];
    const room = (high - low) * 0.08;
    const frame = (this.frame = new Frame(width, height, [0, most], [log ? low - room : 0, high + room]));
    frame.axes(g, colours, { x: app.lanes.some((lane) => lane.info.batch) ? "steps" : "epochs", y: app.errorText(0), log });
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
    const texts = app.lanes.map((lane) => `E went from ${short(lane.state.start_loss)} to ${short(lane.state.loss)} in ${lane.state.at} steps`);
    canvas.setAttribute("aria-label", `The curve of E: ${texts.join("; ")}. Arrow keys step back and forward.`);
  }
}
