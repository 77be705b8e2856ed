// The figures of runs beside one another.
import * as columns from "./columns.js";
import { plainTable } from "./dom.js";
import { factor, plain, shown } from "./format.js";
import { pick } from "./table.js";

const rows = [
  ["scheme", "scheme"],
  ["ranks", "ranks"],
  ["steps", "steps"],
  ["time per step", "total", "least"],
  ["  computing", "compute"],
  ["  compressing", "compress"],
  ["  exposed exchange", "exposed"],
  ["computing is known as", "computeBasis"],
  ["compressing is known as", "compressBasis"],
  ["exchange is known as", "exchangeBasis"],
  ["headroom to dense fp32: how much longer compressing may take", "headroomFp32"],
  ["headroom to dense bf16", "headroomBf16"],
  ["bandwidth of the slowest link", "slowestLink"],
  ["  at which dense fp32 is as fast, all links faster alike", "equalFp32"],
  ["  at which dense bf16 is as fast", "equalBf16"],
  ["simulated time", "simulated", "least"],
  ["bytes sent per rank", "bytes", "least"],
  ["  values", "values"],
  ["  masks and indices", "masks"],
  ["  headers", "headers"],
  ["bottleneck", "bottleneckKind"],
  ["  most of it at", "bottleneckName"],
  ["  share of the critical path", "bottleneckShare"],
  ["updates come late by, steps, mean", "delay"],
  ["age of the parameters at the end, steps, mean", "age"],
  ["accuracy", "accuracy", "greatest"],
  ["training loss of the last step", "loss", "least"],
  ["time to the target accuracy", "targetSeconds", "least"],
];

function bestOf(values, which) {
  const numbers = values.filter((value) => typeof value === "number");
  if (!which || numbers.length < 2 || new Set(numbers).size < 2) return null;
  return which === "least" ? Math.min(...numbers) : Math.max(...numbers);
}

/** With how much faster each is than the first. */
export function summaryTable(runs) {
  const total = runs.map((run) => pick(run.flat, columns.summary.total));
  const all = rows
    .map(([label, key, which]) => {
      const values = runs.map((run) => pick(run.flat, columns.summary[key]));
      const best = bestOf(values, which);
      const unit = columns.unitOf(columns.summary[key].at(-1));
      return [
        { text: label.replace(/^ {2}/, "\u2003") },
        ...values.map((value) => ({
          value,
          text: unit === "" && typeof value === "number" ? plain(value) : shown(value, unit),
          best: best !== null && value === best,
        })),
      ];
    })
    .filter((row) => row.slice(1).some((cell) => cell.value !== null));
  if (runs.length > 1) {
    all.push([
      { text: `faster than ${runs[0].name}, per step` },
      ...total.map((time) => ({
        text: time > 0 && total[0] !== null ? factor(total[0] / time) : factor(null),
        value: time > 0 && total[0] !== null ? total[0] / time : null,
      })),
    ]);
  }
  return plainTable(
    "Figures of the whole run; a tick marks the best of several",
    ["", ...runs.map((run) => run.name)],
    all,
  );
}
