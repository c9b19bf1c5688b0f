// The points and f: a curve through them for one input, colours over two.

import { Frame, Layer, contours, cross, dot, output as outputColour, pictured, polyline, prepare, rgb, segment, theme } from "../plot.js";
import { short } from "../format.js";

/** So many levels have a line of their own each. */
const MOST_LEVELS = 100;
const MARKS = ["circle", "square", "triangle", "diamond", "plus"];

/** From where to where the values are, with room. */
export function extent(values, room = 0.12) {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (!(high >= low)) return [0, 1];
  const pad = high > low ? (high - low) * room : Math.max(1, Math.abs(high)) * 0.5;
  return [low - pad, high + pad];
}

/** The same with 0, where starts at zeros stand, if it is near. */
function withZero([low, high]) {
  const room = 0.6 * (high - low);
  if (low > 0 && low < room) return [-0.06 * high, high];
  return high < 0 && -high < room ? [low, 0.06 * -low] : [low, high];
}

/** A share from −0.28 to 0.28 that is always the same for a record: points of one level stand beside each other. */
const aside = (record) => ((record * 0.618034) % 1 - 0.5) * 0.56;

export class DataView {
  constructor(canvas, app, lane) {
    Object.assign(this, { canvas, app, lane, frame: null, limits: null, axes: new Layer(), points: new Layer() });
  }

  /** Whether two inputs are shown at once. */
  get isPlane() {
    return this.app.view.columns.length > 1;
  }

  /** The ranges of both axes; they stay while a point is dragged. */
  ranges() {
    const { points, view } = this.app;
    if (this.app.dragging && this.limits) return this.limits;
    const [first, second] = view.columns;
    // Levels are drawn at their numbers.
    const along = (column) => {
      const { levels } = points.features[column];
      return levels ? [-0.5, levels.length - 0.5] : extent(points.columns[column].filter((x) => x !== null));
    };
    const x = along(first);
    if (this.isPlane) return (this.limits = [x, along(second)]);
    const info = this.app.lanes[this.lane].info;
    const targets = this.targetColumn().map((y) => this.target(y));
    const [low, high] = info.range;
    if (points.classes && low !== null && high !== null) return (this.limits = [x, [low - 0.12 * (high - low), high + 0.12 * (high - low)]]);
    return (this.limits = [x, withZero(extent(targets, 0.25))]);
  }

  /** Where a target is drawn: classes are the numbers that this lane's f aims at. */
  target(y) {
    const { points } = this.app;
    if (!points.classes) return y;
    const [low, high] = this.app.lanes[this.lane].info.class_targets;
    const is = points.classes.length === 2 && points.outputs.length === 1 ? y === 1 : y === this.app.view.output;
    return is ? high : low;
  }

  /** The targets of the output that is shown; classes are one column for all outputs. */
  targetColumn() {
    const { points, view } = this.app;
    return points.targets[points.classes ? 0 : view.output];
  }

  classOf(record) {
    return this.app.points.targets[0][record];
  }

  draw() {
    const { app, canvas } = this;
    if (!canvas.offsetParent) return;
    const colours = theme();
    const { g, width, height } = prepare(canvas);
    const [x, y] = this.ranges();
    const { points, view } = app;
    const [across, up] = view.columns.map((k) => points.features[k]);
    const frame = (this.frame = new Frame(width, height, x, y, up?.levels ? { left: roomFor(g, up.levels, width) } : {}));
    const named = (levels) => levels?.map((name, k) => [k, name]);
    const names = { x: across.name, y: this.isPlane ? up.name : points.outputs[view.output], grid: !this.isPlane, labelsX: named(across.levels), labels: named(up?.levels) };
    if (this.isPlane) this.drawField(g, frame, colours);
    this.axes.draw(g, `${frame.key} ${app.pointsVersion} ${names.x} ${names.y}`, (g) => frame.axes(g, colours, names));
    if (!this.isPlane) this.drawCurve(g, frame, colours);
    frame.clip(g, () => this.drawPoints(g, frame, colours));
  }

  drawCurve(g, frame, colours) {
    const { app } = this;
    const { levels } = app.points.features[app.view.columns[0]];
    // A few levels have a line each; many are a curve of steps.
    const few = levels && levels.length <= MOST_LEVELS ? levels.length : 0;
    const n = few || Math.min(240, Math.max(60, Math.round(frame.width / 2)));
    const [from, to] = few ? [0, Math.max(0.1, few - 1)] : [frame.x0, frame.x1];
    const all = app.page.fitted(this.lane, app.view.columns[0], from, to, Math.max(2, n));
    const stride = Math.max(2, n);
    const points = app.points;
    frame.clip(g, () => {
      const ŷ = app.lanes[this.lane].outputs;
      if (points.n <= 200) {
        g.strokeStyle = colours.bad;
        g.globalAlpha = 0.55;
        g.lineWidth = 1.5;
        const offset = app.view.output * points.n;
        for (let r = 0; r < points.n; r++) {
          const [x, y] = this.place(r);
          if (x !== null) segment(g, frame.x(x), frame.y(y), frame.x(x), frame.y(ŷ[offset + r]));
        }
        g.globalAlpha = 1;
      }
      for (let j = 0; j < points.outputs.length; j++) {
        g.strokeStyle = colours.lanes[this.lane];
        g.globalAlpha = j === app.view.output ? 1 : 0.28;
        g.lineWidth = 3;
        const y = (k) => clampPixel(frame.y(all[j * stride + k]));
        if (few) for (let k = 0; k < few; k++) segment(g, frame.x(k - 0.38), y(k), frame.x(k + 0.38), y(k));
        else polyline(g, Array.from({ length: n }, (_, k) => [frame.x(from + ((to - from) * k) / (n - 1)), y(k)]));
      }
      g.globalAlpha = 1;
    });
  }

  drawField(g, frame, colours) {
    const { app } = this;
    const [n, m] = app.walk.running ? [24, 20] : [48, 40];
    const axes = [{ from: frame.x0, to: frame.x1, n }, { from: frame.y0, to: frame.y1, n: m }];
    const all = app.page.field(this.lane, JSON.stringify(app.view.columns), JSON.stringify(axes));
    const values = all.subarray(app.view.output * n * m, (app.view.output + 1) * n * m);
    const [low, high] = this.outputRange();
    paint(g, pictured(values, n, m, (y) => (y - low) / (high - low), outputColour, colours.dark), frame);
    g.strokeStyle = colours.ink;
    g.lineWidth = 1.5;
    g.globalAlpha = 0.7;
    const px = (a) => frame.left + (a / (n - 1)) * frame.width;
    const py = (b) => frame.top + frame.height - (b / (m - 1)) * frame.height;
    g.beginPath();
    contours(values, n, m, (low + high) / 2, (a0, b0, a1, b1) => {
      g.moveTo(px(a0), py(b0));
      g.lineTo(px(a1), py(b1));
    });
    g.stroke();
    g.globalAlpha = 1;
  }

  outputRange() {
    const { range: [low, high], class_targets: of } = this.app.lanes[this.lane].info;
    const { points } = this.app;
    if (points.classes && low === of[0] && high === of[1]) return of;
    if (!points.classes && low !== null && high !== null) return [low, high];
    const targets = points.classes ? of : extent(this.targetColumn(), 0);
    const spread = targets[1] - targets[0] || 1;
    return [targets[0] - 0.05 * spread, targets[1] + 0.05 * spread];
  }

  drawPoints(g, frame, colours) {
    const { app } = this;
    const { points, view, lanes } = app;
    const record = view.record;
    const used = lanes[this.lane].state.records ?? [];
    const size = points.n > 400 ? 2.6 : points.n > 80 ? 3.6 : 5.5;
    for (const r of used) if (used.length < points.n) dot(g, ...this.pixels(frame, r - 1), size + 3.5, rgb([230, 170, 40], 0.8));
    const key = [frame.key, app.pointsVersion, view.columns, view.output, lanes[this.lane].version].join(" ");
    this.points.draw(g, key, (g) => {
      for (let r = 0; r < points.n; r++) this.drawPoint(g, frame, colours, r, size);
    });
    if (record < points.n) this.drawPoint(g, frame, colours, record, size + 1.5, true);
  }

  /** Where a point stands, in the units of the axes; null where its number is missing. */
  place(record) {
    const { points, view } = this.app;
    const along = (k) => points.columns[k][record] + (points.features[k].levels ? aside(record) : 0);
    const there = (k) => (points.columns[k][record] === null ? null : along(k));
    const [first, second] = view.columns;
    return [there(first), this.isPlane ? there(second) : this.target(this.targetColumn()[record])];
  }

  pixels(frame, record) {
    const [x, y] = this.place(record);
    return [x === null ? null : frame.x(x), y === null ? null : frame.y(y)];
  }

  drawPoint(g, frame, colours, record, size, isChosen = false) {
    const [x, y] = this.pixels(frame, record);
    if (x === null || y === null) return;
    const { points } = this.app;
    let fill = colours.ink;
    let edge = colours.paper;
    let mark = "circle";
    if (points.classes) {
      const k = this.classOf(record);
      fill = colours.classes[k % colours.classes.length];
      mark = MARKS[k % MARKS.length];
    } else if (this.isPlane) {
      const [low, high] = this.outputRange();
      fill = rgb(outputColour((this.targetColumn()[record] - low) / (high - low), colours.dark));
      // Where f is right the ground has the same colour.
      edge = colours.ink;
    }
    if (isChosen) {
      g.beginPath();
      g.arc(x, y, size + 5, 0, 2 * Math.PI);
      g.strokeStyle = colours.mark;
      g.lineWidth = 2.5;
      g.stroke();
    }
    shape(g, mark, x, y, size, fill, edge);
  }

  /** The record that is nearest to a place on the canvas. */
  nearest(px, py, within = 18) {
    let best = -1;
    let least = within;
    for (let r = 0; r < this.app.points.n; r++) {
      const [x, y] = this.place(r);
      if (x === null || y === null) continue;
      const away = Math.hypot(this.frame.x(x) - px, this.frame.y(y) - py);
      if (away < least) [best, least] = [r, away];
    }
    return best;
  }

  /** What a place on the canvas means for a point. */
  placesAt(px, py) {
    const { points, view } = this.app;
    const x = this.frame.valueX(Math.min(this.frame.left + this.frame.width, Math.max(this.frame.left, px)));
    const y = this.frame.valueY(Math.min(this.frame.top + this.frame.height, Math.max(this.frame.top, py)));
    const places = [{ input: { column: view.columns[0], value: x } }];
    if (this.isPlane) places.push({ input: { column: view.columns[1], value: y } });
    else if (!points.classes) places.push({ target: { output: view.output, value: y } });
    else if (points.outputs.length === 1) {
      const [low, high] = this.app.lanes[this.lane].info.class_targets;
      places.push({ target: { output: 0, value: y > (low + high) / 2 ? 1 : 0 } });
    }
    return places;
  }

  /** The same a little to the right (across = 1) and up of where a point stands: by a few pixels, to the next level, or to the other class. */
  placesBeside(record, across, up) {
    const { points, view } = this.app;
    const [x, y] = this.place(record);
    const level = (k) => points.features[k].levels;
    const [first, second] = view.columns;
    const { frame } = this;
    const wide = level(first) ? frame.x(1) - frame.x(0) : 6;
    const tall = this.isPlane ? (level(second) ? frame.y(0) - frame.y(1) : 6) : points.classes ? 1000 : 6;
    return this.placesAt(frame.x(x ?? (frame.x0 + frame.x1) / 2) + across * wide, frame.y(y ?? (frame.y0 + frame.y1) / 2) - up * tall);
  }

  summary() {
    const { points, view, lanes } = this.app;
    const names = view.columns.map((k) => points.features[k].name);
    return `${points.n} points of ${points.name}: ${points.outputs[view.output]} over ${names.join(" and ")}, with f as it stands; E is ${short(lanes[this.lane].state.loss)}. ` +
      "Arrow keys choose and, with Shift, move a point; Delete takes it away.";
  }
}

/** The room that names of levels want beside an axis. */
const roomFor = (g, names, width) => Math.min(0.3 * width, Math.max(52, 16 + Math.max(...names.map((name) => g.measureText(name).width))));

const canvases = new Map();

/** Draws a small picture into the whole frame, smoothly. */
export function paint(g, image, frame) {
  const key = `${image.width} ${image.height}`;
  let small = canvases.get(key);
  if (!small) canvases.set(key, (small = new OffscreenCanvas(image.width, image.height)));
  small.getContext("2d").putImageData(image, 0, 0);
  g.imageSmoothingEnabled = true;
  // The values stand at the middle of their cells: half a cell is left out on each side.
  g.drawImage(small, 0.5, 0.5, image.width - 1, image.height - 1, frame.left, frame.top, frame.width, frame.height);
}

const clampPixel = (y) => Math.max(-1e5, Math.min(1e5, y));

function shape(g, mark, x, y, size, fill, edge) {
  g.beginPath();
  if (mark === "circle") g.arc(x, y, size, 0, 2 * Math.PI);
  else if (mark === "square") g.rect(x - size * 0.9, y - size * 0.9, size * 1.8, size * 1.8);
  else if (mark === "triangle") {
    g.moveTo(x, y - size * 1.15);
    g.lineTo(x + size * 1.05, y + size * 0.85);
    g.lineTo(x - size * 1.05, y + size * 0.85);
    g.closePath();
  } else if (mark === "diamond") {
    g.moveTo(x, y - size * 1.25);
    g.lineTo(x + size * 1.25, y);
    g.lineTo(x, y + size * 1.25);
    g.lineTo(x - size * 1.25, y);
    g.closePath();
  } else {
    cross(g, x, y, size, fill);
    return;
  }
  g.fillStyle = fill;
  g.fill();
  g.strokeStyle = edge;
  g.lineWidth = 1.2;
  g.stroke();
}
