// Loss and accuracy as curves: one of each run, or one of all that differ in their seed alone.
import * as columns from "./columns.js";
import { interval } from "./scan_model.js";
import { nameOfGroup, seedGroups } from "./seed_groups.js";
import { pick } from "./table.js";

/** Where each row of steps.csv lies on an axis: at the end of its step. Null where steps are left out of the page. */
function positions(run, name) {
  const steps = run.steps.numbers(columns.steps.step);
  if (name === "steps") return steps.map((step) => step + 1);
  if (name === "time") {
    const total = run.steps.numbers(columns.steps.total);
    return run.steps.numbers(columns.steps.start).map((start, row) => start + total[row]);
  }
  const ranks = pick(run.flat, columns.summary.ranks);
  let sent = 0;
  return run.steps.numbers(columns.steps.bytes).map((step) => (sent += step) / ranks);
}

export function curve(run, figure, axisName) {
  const at = positions(run, axisName);
  return run.steps
    .numbers(columns.steps[figure])
    .map((value, row) => [at[row], value])
    .filter(([, value]) => value !== null);
}

/** The mean over runs, point by point, as far as all go: {name, points: [[x, y]], halves}. */
function meanCurve(group, figure, axisName) {
  const curves = group.map((run) => curve(run, figure, axisName));
  const length = Math.min(...curves.map((points) => points.length));
  const over = (at, dimension) => interval(curves.map((points) => points[at][dimension]));
  const places = [...Array(length).keys()];
  return {
    name: nameOfGroup(group),
    points: places.map((at) => [over(at, 0).mean, over(at, 1).mean]),
    halves: places.map((at) => over(at, 1).half),
  };
}

/** A curve for each run, or, with `isMean`, one for all that differ in their seed alone, where the first of them is. */
export function curvesOf(runs, figure, axisName, isMean) {
  const groups = isMean ? seedGroups(runs) : [];
  return runs.flatMap((run) => {
    const group = groups.find((one) => one.includes(run));
    if (!group) return [{ name: run.name, points: curve(run, figure, axisName), halves: null }];
    return group[0] === run ? [meanCurve(group, figure, axisName)] : [];
  });
}
