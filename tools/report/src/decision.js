// The decision map's figures: for each pair of values of two options, which configuration wins and by what factor.
import { best, byPair, grouped, isGreatestBest, overSeeds } from "./scan_model.js";

/**
 * `x` and `y` are options (y may be null), `what` the option whose values compete. Where other options vary too, the
 * best of the points that remain stands for each competitor. Gives {cells: [{x, y, winner, next, factor, ...}],
 * wins: [{name, count, factors}]}.
 */
export function decide(scan, { x, y, what, figure }) {
  const isGreatest = isGreatestBest(figure.name);
  const cells = byPair(overSeeds(scan, figure), x, y).map(([column, line, inCell]) => {
    const competitors = [...grouped(inCell, ({ row }) => what.at[row.index])]
      .map(([value, ofValue]) => ({ value, point: best(ofValue, isGreatest) }))
      .sort((a, b) => (isGreatest ? b.point.mean - a.point.mean : a.point.mean - b.point.mean));
    return cellOf(column, line, competitors, isGreatest);
  });
  const wins = grouped(cells, (cell) => (cell.isTie ? "no one alone" : what.values[cell.winner]));
  return {
    cells,
    wins: [...wins].map(([name, won]) => ({
      name,
      count: won.length,
      factors: won.map((cell) => cell.factor).filter((factor) => factor !== null),
    })),
  };
}

/** Whether the 95 % intervals over seeds of two means have values in common; false where there are no intervals. */
function overlap(a, b) {
  const halves = [a.half, b.half];
  return !halves.includes(null) && !halves.includes(undefined) && Math.abs(a.mean - b.mean) <= a.half + b.half;
}

function cellOf(x, y, competitors, isGreatest) {
  const [first, second] = competitors;
  const ratio = second
    ? isGreatest
      ? first.point.mean / second.point.mean
      : second.point.mean / first.point.mean
    : null;
  return {
    x,
    y,
    winner: first.value,
    next: second?.value ?? null,
    best: first.point.mean,
    row: first.point.row,
    factor: ratio === null || Number.isNaN(ratio) ? null : ratio,
    isTie: second !== undefined && second.point.mean === first.point.mean,
    half: first.point.half ?? null,
    isWithinSeeds: second !== undefined && overlap(first.point, second.point),
    means: new Map(competitors.map(({ value, point }) => [value, point.mean])),
  };
}

/**
 * Where two neighbours along x have different winners: the value of x at which both are equal, straight in logarithms
 * of the figure between them. [{y, left, share}]: `share` of the way from column `left` to the next one.
 */
export function crossings(cells) {
  const byPlace = new Map(cells.map((cell) => [`${cell.x},${cell.y}`, cell]));
  const found = [];
  for (const cell of cells) {
    const next = byPlace.get(`${cell.x + 1},${cell.y}`);
    if (!next || next.winner === cell.winner) continue;
    const lead = (at) => Math.log(at.means.get(next.winner) / at.means.get(cell.winner));
    const [before, after] = [lead(cell), lead(next)];
    if (!Number.isFinite(before) || !Number.isFinite(after) || before === after) continue;
    const share = before / (before - after);
    if (share >= 0 && share <= 1) {
      found.push({ y: cell.y, left: cell.x, share, before: cell.winner, after: next.winner });
    }
  }
  return found;
}

/** The value between two values of an option, in their unit: between logarithms where both are above 0. */
export function between(option, left, share, numberOf) {
  const [from, to] = [option.values[left], option.values[left + 1]];
  const [a, b] = [numberOf(from), numberOf(to)];
  if (a === null || b === null) return `between ${from} and ${to}`;
  const value = a > 0 && b > 0 ? a * (b / a) ** share : a + (b - a) * share;
  const unit = /[A-Za-z]+$/.exec(from)?.[0] ?? "";
  const scale = Number.parseFloat(from) === 0 || from.includes("/") ? 1 : a / Number.parseFloat(from);
  return `about ${Number((value / scale).toPrecision(3))}${unit}`;
}
