// E over two weights: from above with lines of equal height, or as a bowl in space; and the way down.

import { Frame, Layer, arrow, contours, cross, dot, fitting, height as heightColour, pictured, polyline, prepare, rgb, segment, theme } from "../plot.js";
import { paint } from "./data.js";
import { short } from "../format.js";

/** With more points than this, pictures are coarser while a walk runs. */
export const MANY = 250;

let grounds = 0;

/** A grid of heights with shares from 0, the lowest, to 1: finer near the ground, where descent spends its time. */
class Ground {
  constructor(values, n, m) {
    Object.assign(this, { values, n, m, number: grounds++ });
    this.low = Infinity;
    this.high = -Infinity;
    for (const e of values) {
      if (e < this.low) this.low = e;
      if (e > this.high && Number.isFinite(e)) this.high = e;
    }
    if (!(this.high > this.low)) this.high = this.low + Math.max(1e-12, Math.abs(this.low) * 1e-9);
  }
  share(e) {
    return Number.isFinite(e) ? Math.sqrt(Math.max(0, Math.min(1, (e - this.low) / (this.high - this.low)))) : 1;
  }
  level(share) {
    return this.low + share * share * (this.high - this.low);
  }
}

export class ContourView {
  constructor(canvas, app, lane) {
    Object.assign(this, { canvas, app, lane, frame: null, turn: -0.6, tilt: 0.55, layer: new Layer() });
  }

  pair() {
    const { weights } = this.app.lanes[this.lane].info;
    return this.app.view.pair.map((k) => Math.min(k, weights.length - 1));
  }

  /** The heights; those that are there still hold as long as neither range, points, f nor the other weights changed. */
  ground(ranges, n) {
    const { app } = this;
    const lane = app.lanes[this.lane];
    const pair = this.pair();
    const others = lane.state.weights.filter((_, k) => !pair.includes(k));
    const frame = JSON.stringify([pair, ranges, n, app.pointsVersion, lane.version]);
    const key = frame + others;
    if (this.key === key) return this.kept;
    const names = JSON.stringify(pair.map((k) => ({ output: lane.info.weights[k].output, feature: lane.info.weights[k].feature })));
    const axis = ([from, to]) => ({ from, to, n });
    if (app.walk.running && app.points.n > MANY && this.frameKey === frame) {
      // The other weights move a little at every step: two rows a frame, and the picture follows as soon as all are there.
      this.rows ??= [];
      const [from, to] = ranges[0];
      const at = (row) => from + ((to - from) * row) / (n - 1);
      const row = Math.min(this.rows.length, n - 2);
      const two = JSON.stringify([{ from: at(row), to: at(row + 1), n: 2 }, axis(ranges[1])]);
      const both = app.page.surface(this.lane, names, two);
      for (const k of [row, row + 1]) if (k === this.rows.length) this.rows.push(both.subarray((k - row) * n, (k - row + 1) * n));
      if (this.rows.length < n) return this.kept;
      const values = new Float64Array(n * n);
      this.rows.forEach((row, a) => values.set(row, a * n));
      [this.rows, this.kept] = [null, new Ground(values, n, n)];
      return this.kept;
    }
    const values = app.page.surface(this.lane, names, JSON.stringify(ranges.map(axis)));
    [this.key, this.frameKey, this.rows, this.kept] = [key, frame, null, new Ground(values, n, n)];
    return this.kept;
  }

  draw() {
    const { app, canvas } = this;
    if (!canvas.offsetParent) return;
    const lane = app.lanes[this.lane];
    const colours = theme();
    const { g, width, height } = prepare(canvas);
    const pair = this.pair();
    if (lane.info.weights.length < 2) {
      this.frame = null;
      g.fillStyle = colours.soft;
      g.textAlign = "center";
      g.fillText("This network has one weight: the bowl beside shows all of E.", width / 2, height / 2);
      return;
    }
    const ranges = pair.map((k) => lane.range(k, lane.state.weights[k]));
    const ground = this.ground(ranges, app.walk.running && app.points.n > MANY ? 21 : 49);
    const names = pair.map((k) => `w of ${lane.info.weights[k].name}`);
    if (app.view.space) this.drawSpace(g, width, height, colours, ground, ranges, pair, names);
    else this.drawPlane(g, width, height, colours, ground, ranges, pair, names);
  }

  summary() {
    const { info, state } = this.app.lanes[this.lane];
    if (info.weights.length < 2) return `A network with one weight: the bowl beside shows all of E, which is ${short(state.loss)} here.`;
    const pair = this.pair();
    return `E over the weights of ${pair.map((k) => info.weights[k].name).join(" and ")}; here they are ` +
      `${pair.map((k) => short(state.weights[k])).join(" and ")}, and E is ${short(state.loss)}. ` +
      (this.app.view.space ? "Arrow keys turn it." : "A click, or the fields for the start, begin elsewhere.");
  }

  drawPlane(g, width, height, colours, ground, ranges, pair, names) {
    const frame = (this.frame = new Frame(width, height, ranges[0], ranges[1]));
    // The heights are the same in many frames.
    this.layer.draw(g, `${frame.key} ${ground.number} ${names}`, (g) => this.drawGround(g, frame, colours, ground, names));
    frame.clip(g, () => {
      const lane = this.app.lanes[this.lane];
      const place = (weights) => [frame.x(weights[pair[0]]), frame.y(weights[pair[1]])];
      this.drawWay(g, colours, place);
      const here = place(lane.state.weights);
      const { next } = lane.state;
      if (next?.every(Number.isFinite)) arrow(g, ...here, ...place(next), colours.good, 2);
      if (lane.goal.length) cross(g, ...place(lane.goal), 7, colours.mark);
      dot(g, ...here, 6.5, colours.lanes[this.lane], "white");
    });
  }

  drawGround(g, frame, colours, ground, names) {
    const { n, m, values } = ground;
    const bands = 14;
    paint(g, pictured(values, n, m, (e) => ground.share(e), heightColour, colours.dark), frame);
    g.strokeStyle = colours.dark ? "rgb(255 255 255 / 0.28)" : "rgb(10 40 80 / 0.28)";
    g.lineWidth = 1;
    const px = (a) => frame.left + (a / (n - 1)) * frame.width;
    const py = (b) => frame.top + frame.height - (b / (m - 1)) * frame.height;
    g.beginPath();
    for (let k = 1; k < bands; k++) {
      contours(values, n, m, ground.level(k / bands), (a0, b0, a1, b1) => {
        g.moveTo(px(a0), py(b0));
        g.lineTo(px(a1), py(b1));
      });
    }
    g.stroke();
    frame.axes(g, colours, { x: names[0], y: names[1], grid: false });
  }

  drawWay(g, colours, place) {
    const lane = this.app.lanes[this.lane];
    const done = lane.path.filter((state) => state.k <= lane.state.at);
    const ahead = lane.path.filter((state) => state.k >= lane.state.at);
    g.lineWidth = 4;
    g.strokeStyle = "rgb(255 255 255 / 0.75)";
    polyline(g, done.map((state) => place(state.weights)));
    g.lineWidth = 2;
    g.strokeStyle = colours.lanes[this.lane];
    polyline(g, done.map((state) => place(state.weights)));
    if (ahead.length > 1) {
      g.setLineDash([3, 4]);
      polyline(g, ahead.map((state) => place(state.weights)));
      g.setLineDash([]);
    }
    if (done.length <= 60) done.slice(0, -1).forEach((state) => dot(g, ...place(state.weights), 3, colours.lanes[this.lane], "white"));
    if (done.length) {
      const [x, y] = place(done[0].weights);
      g.strokeStyle = colours.lanes[this.lane];
      g.lineWidth = 2;
      g.strokeRect(x - 5, y - 5, 10, 10);
    }
  }

  /** The bowl in space, from the side: far lines first, so that near ones hide them. */
  drawSpace(g, width, height, colours, ground, ranges, pair, names) {
    const { n, m, values } = ground;
    this.frame = null;
    const stride = Math.max(1, Math.round((n - 1) / 24));
    const cut = ground.share(ground.high) * 0.98;
    const scale = Math.min(width * 0.62, height * 0.88);
    const [cosT, sinT] = [Math.cos(this.turn), Math.sin(this.turn)];
    const up = Math.cos(this.tilt);
    const flat = Math.sin(this.tilt);
    const tall = (e) => Math.min(1, Math.max(0, (e - ground.low) / (ground.level(cut) - ground.low)));
    const project = (u, v, e) => {
      const [x, y] = [u - 0.5, v - 0.5];
      const [across, deep] = [x * cosT - y * sinT, x * sinT + y * cosT];
      return [width / 2 + across * scale, height * 0.52 - deep * scale * flat + (0.42 - tall(e) * 0.72) * scale * up * 0.72, deep];
    };
    const share = ([from, to], value) => (value - from) / (to - from);
    const tiles = [];
    for (let a = 0; a + stride < n; a += stride) {
      for (let b = 0; b + stride < m; b += stride) {
        const corners = [[a, b], [a + stride, b], [a + stride, b + stride], [a, b + stride]];
        const E = corners.map(([p, q]) => values[p * m + q]);
        if (!E.every(Number.isFinite)) continue;
        const places = corners.map(([p, q], k) => project(p / (n - 1), q / (m - 1), E[k]));
        tiles.push({ places, mean: E.reduce((s, e) => s + e, 0) / 4, deep: places.reduce((s, p) => s + p[2], 0) / 4 });
      }
    }
    tiles.sort((p, q) => q.deep - p.deep);
    g.lineWidth = 0.8;
    for (const { places, mean } of tiles) {
      g.beginPath();
      places.forEach(([x, y], k) => (k ? g.lineTo(x, y) : g.moveTo(x, y)));
      g.closePath();
      g.fillStyle = rgb(heightColour(ground.share(mean), colours.dark), 0.92);
      g.fill();
      g.strokeStyle = colours.dark ? "rgb(255 255 255 / 0.16)" : "rgb(10 40 80 / 0.22)";
      g.stroke();
    }
    const lane = this.app.lanes[this.lane];
    const place = (weights, loss) => project(share(ranges[0], weights[pair[0]]), share(ranges[1], weights[pair[1]]), loss).slice(0, 2);
    const inView = (weights) => pair.every((w, k) => weights[w] >= ranges[k][0] && weights[w] <= ranges[k][1]);
    const done = lane.path.filter((state) => state.k <= lane.state.at && inView(state.weights) && Number.isFinite(lane.losses[state.k]));
    const way = done.map((state) => place(state.weights, lane.losses[state.k]));
    g.strokeStyle = "rgb(255 255 255 / 0.8)";
    g.lineWidth = 4.5;
    polyline(g, way);
    g.strokeStyle = colours.lanes[this.lane];
    g.lineWidth = 2.5;
    polyline(g, way);
    if (way.length <= 60) way.forEach(([x, y]) => dot(g, x, y, 3, colours.lanes[this.lane], "white"));
    if (inView(lane.state.weights)) {
      const [x, y] = place(lane.state.weights, lane.state.loss);
      dot(g, x, y, 7, colours.lanes[this.lane], "white");
    }
    g.fillStyle = colours.ink;
    g.font = "italic 12.5px Georgia, 'Times New Roman', serif";
    g.textAlign = "center";
    g.textBaseline = "top";
    const [x0, y0] = project(0.5, cosT > 0 ? -0.07 : 1.07, ground.low);
    const [first, second] = names.map((name) => fitting(g, name, 0.45 * width));
    g.fillText(first, clampText(g, first, x0, width), Math.min(height - 16, y0 + 6));
    const [x1, y1] = project(sinT < 0 ? -0.07 : 1.07, 0.5, ground.low);
    g.fillText(second, clampText(g, second, x1, width), Math.min(height - 16, y1 + 6));
    g.textAlign = "left";
    g.fillText(this.app.errorText(this.lane), 10, 8);
  }
}

const clampText = (g, text, x, width) => {
  const half = g.measureText(text).width / 2 + 6;
  return Math.max(half, Math.min(width - half, x));
};
