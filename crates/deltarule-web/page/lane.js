// A lane: what the page keeps of one walk, and the ranges that its pictures have.

/** So many states of the way are drawn at most. */
const MOST_DRAWN = 1500;

export class LaneState {
  constructor(app, index) {
    Object.assign(this, { app, index, ranges: new Map(), version: 0, info: null, state: null, goal: [], read: {} });
  }

  get page() {
    return this.app.page;
  }

  /** Takes up what has changed: settings and points, */
  renew() {
    this.info = JSON.parse(this.page.lane(this.index));
    this.version++;
    this.ranges.clear();
    this.goal = [...this.page.goal(this.index)];
    this.look();
  }

  /** or the state alone. */
  look() {
    this.state = JSON.parse(this.page.state(this.index));
    this.read = {};
  }

  // What pictures need of a state is read when the first one asks for it.

  /** E of every state. */
  get losses() {
    return (this.read.losses ??= this.page.losses(this.index));
  }

  /** ŷ of every record: output by output. */
  get outputs() {
    return (this.read.outputs ??= this.page.outputs(this.index));
  }

  /** The states of the way: their numbers and their weights. */
  get path() {
    return (this.read.path ??= this.pathOf(this.page.path(this.index, MOST_DRAWN)));
  }

  pathOf(flat) {
    const size = this.state.weights.length + 1;
    return Array.from({ length: flat.length / size }, (_, k) => ({ k: flat[k * size], weights: flat.subarray(k * size + 1, (k + 1) * size) }));
  }

  /** From where to where a weight is drawn: it grows where the walk leads out of it, and does not tremble. */
  range(weight, here) {
    let range = this.ranges.get(weight);
    const fits = range && here >= range[0] && here <= range[1];
    if (!fits) {
      const { output, feature } = this.info.weights[weight];
      const found = [...this.page.range(this.index, JSON.stringify({ output, feature }))];
      const holds = here >= found[0] && here <= found[1];
      range = range ? [Math.min(range[0], found[0]), Math.max(range[1], found[1])] : found;
      if (!holds) {
        const room = 0.2 * (range[1] - range[0]);
        range = [Math.min(range[0], here - room), Math.max(range[1], here + room)];
      }
      this.ranges.set(weight, range);
    }
    return range;
  }

  /** The places of weights as a start lists them: weights of every output, then the biases. */
  startOrder() {
    const all = this.info.weights.map((weight, k) => [weight, k]);
    return [...all.filter(([weight]) => weight.feature !== null), ...all.filter(([weight]) => weight.feature === null)].map(([, k]) => k);
  }
}
