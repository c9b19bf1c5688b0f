// The tables that the page brings along. Each is read by the core as any other CSV.

const lines = (text) => text.trim() + "\n";

export const DATASETS = [
  {
    id: "line",
    name: "Ten points near a line",
    about: "one input, one output: the bowl of slope and intercept",
    targets: ["y"],
    csv: lines(`
x,y
0.5,2.1
1,2.4
1.5,3.3
2,3.1
2.5,4.2
3,4.1
3.5,5.4
4,5.2
4.5,6.1
5,6.6`),
    settings: { scale: "none", eta: "0.05" },
  },
  {
    id: "one",
    name: "One record",
    about: "the lesson's example: x = (1, −2), y = 1",
    targets: ["y"],
    features: ["x1", "x2"],
    task: "regression",
    csv: lines(`
x1,x2,y
1,-2,1`),
    settings: { scale: "none", f: "sigmoid", eta: "0.5", reduction: "sum", start: "0.6,0.1,0.2" },
    pair: [0, 1],
  },
  {
    id: "ten",
    name: "Ten students",
    about: "hours of learning and of sleep; passed or not",
    targets: ["passed"],
    csv: lines(`
hours,sleep,passed
1,7,0
2,6,1
3,8,0
3,5,0
4,7,0
5,8,1
6,5,1
6,7,0
8,6,1
9,8,1`),
    settings: {},
  },
  {
    id: "two",
    name: "A plant with two outputs",
    about: "light and water; growth and fruit: every output has weights of its own",
    targets: ["growth", "fruit"],
    csv: lines(`
light,water,growth,fruit
1,1,1.2,0.4
2,1,1.9,1.3
3,1,2.3,2.4
4,1,3.1,3.2
1,2,2.3,0.1
2,2,2.8,1.2
3,2,3.7,2
4,2,4.1,3.1
1,3,3.1,-0.3
2,3,3.9,0.8
3,3,4.5,1.9
4,3,5.2,2.6`),
    settings: { eta: "0.3" },
  },
  {
    id: "outlier",
    name: "A line and an outlier",
    about: "one point far off: why the error is squared, and what that costs",
    targets: ["y"],
    csv: lines(`
x,y
1,1.1
2,1.9
3,3.2
4,3.9
5,5.1
6,5.8
7,7.2
8,1`),
    settings: { scale: "none", eta: "0.03" },
  },
  {
    id: "apart",
    name: "Two groups that are apart",
    about: "a line can tell them apart without exception: no finite minimum",
    targets: ["group"],
    csv: lines(`
x1,x2,group
0.4,1.1,a
0.9,0.3,a
1.2,1.4,a
0.2,0.7,a
1.5,0.6,a
2.9,2.6,b
3.4,3.3,b
2.5,3.1,b
3.1,2,b
3.8,2.7,b`),
    settings: { eta: "5" },
  },
  {
    id: "thousand",
    name: "A thousand points",
    about: "two inputs, two groups that overlap",
    targets: ["group"],
    cloud: 1000,
    settings: {},
  },
];

/** The table of this name, or the first. */
export const dataset = (id) => DATASETS.find((set) => set.id === id);
