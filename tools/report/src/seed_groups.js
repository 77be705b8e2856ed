// Runs that differ in their seed alone: their mean and its interval.
import * as columns from "./columns.js";
import { panel, plainTable } from "./dom.js";
import { shown } from "./format.js";
import { grouped, interval } from "./scan_model.js";
import { pick } from "./table.js";

const figures = [
  ["time per step", "total"],
  ["simulated time", "simulated"],
  ["bytes sent per rank", "bytes"],
  ["accuracy", "accuracy"],
  ["training loss of the last step", "loss"],
];

/** The command without what says which seed it is and where its results go. */
function withoutSeed(command) {
  return command.replace(/\s--seed[ =]\S+/, "").replace(/\s(-o|--output)[ =]?\S+/, "");
}

/** Groups of at least two runs. */
export function seedGroups(runs) {
  const groups = grouped(runs, (run) => withoutSeed(pick(run.flat, columns.summary.command) ?? run.name));
  return [...groups.values()].filter(
    (group) =>
      group.length > 1 && new Set(group.map((run) => pick(run.flat, columns.summary.seed))).size === group.length,
  );
}

/** "folder (3 seeds)", by the folder that they are in where their names have one, else by their scheme. */
export function nameOfGroup(group) {
  const folder = group[0].name.split("/").slice(0, -1).join("/");
  return `${folder || pick(group[0].flat, columns.summary.scheme)} (${group.length} seeds)`;
}

/** Null where there is none. */
export function seedPanel(groups) {
  if (groups.length === 0) return null;
  return panel(
    "seeds",
    "Over seeds",
    ...groups.map((group) =>
      plainTable(
        `${group.length} runs that differ in their seed alone: ${group.map((run) => run.name).join(", ")}`,
        ["", "mean", "95 % interval, from", "to"],
        figures
          .map(([label, key]) => {
            const values = group.map((run) => pick(run.flat, columns.summary[key])).filter((value) => value !== null);
            const unit = columns.unitOf(columns.summary[key].at(-1));
            if (values.length < 2) return null;
            const { mean, half } = interval(values);
            return [
              { text: label },
              ...[mean, mean - half, mean + half].map((value) => ({ text: shown(value, unit), value })),
            ];
          })
          .filter(Boolean),
      ),
    ),
  );
}
