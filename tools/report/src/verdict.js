// The answer in a sentence.
import { pick } from "./table.js";
import * as columns from "./columns.js";
import { factor, seconds, share } from "./format.js";

const binding = {
  link: "the bandwidth of links binds",
  latency: "latency binds",
  compute: "computing binds",
  prune: "compressing binds",
  compress: "compressing binds",
  reduce: "adding up what arrives binds",
  failure: "waiting for a host that died binds",
};

function bindingOf(flat) {
  const kind = pick(flat, columns.summary.bottleneckKind);
  if (kind === null) return "";
  const name = pick(flat, columns.summary.bottleneckName);
  const part = share(pick(flat, columns.summary.bottleneckShare));
  return ` Here ${binding[kind] ?? `${kind} binds`}: ${part} of the critical path, most of it at ${name}.`;
}

function accuracyOf(flat) {
  const accuracy = pick(flat, columns.summary.accuracy);
  return accuracy === null ? "Accuracy was not simulated." : `It ends at an accuracy of ${share(accuracy)}.`;
}

export function runVerdict(run) {
  const flat = run.flat;
  const [total, compute, compress, exposed] = ["total", "compute", "compress", "exposed"].map((part) =>
    pick(flat, columns.summary[part]),
  );
  const scheme = pick(flat, columns.summary.scheme);
  return [
    `A step with ${scheme} on ${pick(flat, columns.summary.ranks)} ranks takes ${seconds(total)}: ` +
      `${seconds(compute)} computing, ${seconds(compress)} compressing, ${seconds(exposed)} waiting for the exchange.`,
    `${accuracyOf(flat)}${bindingOf(flat)}`,
  ];
}

export function comparisonVerdict(runs) {
  const total = (run) => pick(run.flat, columns.summary.total);
  const timed = runs.filter((run) => total(run) !== null);
  const ordered = [...timed].sort((a, b) => total(a) - total(b));
  const [best, next] = ordered;
  if (!best) return ["None of these runs takes time."];
  const times = `${best.name} is fastest: ${seconds(total(best))} a step`;
  const first = runs[0];
  const against = first === best ? next : first;
  const lines = [
    !against
      ? `${times}.`
      : total(best) === total(against)
        ? `${times}, as long as ${against.name}.`
        : `${times}, ${factor(total(against) / total(best))} as fast as ${against.name} (${seconds(total(against))}).`,
  ];
  const accuracies = runs.map((run) => [run.name, pick(run.flat, columns.summary.accuracy)]);
  lines.push(
    (accuracies.some(([, accuracy]) => accuracy !== null)
      ? `Accuracy at the end: ${accuracies.map(([name, value]) => `${name} ${share(value)}`).join(", ")}.`
      : "Accuracy was not simulated.") + bindingOf(best.flat),
  );
  return lines;
}

function byFactors({ factors }) {
  if (factors.length === 0) return "";
  const [least, greatest] = [Math.min(...factors), Math.max(...factors)].map(factor);
  return least === greatest ? ` (by ${least})` : ` (by ${least} to ${greatest})`;
}

/** `wins`: of the decision map (decision.js), which has so many `cells`. */
export function scanVerdict(scan, wins, cells, compared, figure) {
  const failed = scan.rows.filter((row) => row.isFailed).length;
  const lines = [`${scan.rows.length} points${failed > 0 ? `, ${failed} of which failed` : ""}.`];
  if (wins.length === 0) return lines;
  const ordered = [...wins].sort((a, b) => b.count - a.count);
  const others = ordered
    .slice(1)
    .map((win) => `${win.name} in ${win.count}${byFactors(win)}`)
    .join(", ");
  lines.push(
    `${compared} ${ordered[0].name} is best by ${figure} in ${ordered[0].count} of ${cells} cells of the ` +
      `decision map${byFactors(ordered[0])}${others ? `; ${others}` : ""}.`,
  );
  return lines;
}
