// The names of the columns and keys that the page reads of ringsim's files (docs/output.md), each in this place alone.
// A compressing scheme's time has had two names; the first that a file has is taken.
const compress = ["compress", "prune"];

export const steps = {
  step: ["step"],
  start: ["start_s"],
  compute: ["compute_s"],
  compress: compress.map((name) => `${name}_s`),
  exposed: ["exposed_exchange_s"],
  total: ["total_s"],
  bytes: ["total_bytes"],
  loss: ["loss"],
  accuracy: ["accuracy"],
};

export const layers = {
  step: ["step"],
  layer: ["layer"],
  parameters: ["parameters"],
};

/** What of layers.csv a heat map can show. `log`: on a logarithmic scale. */
export const layerFigures = [
  { name: "density", label: "density (kept share)", log: true, unit: "1" },
  { name: "age_mean_steps", label: "mean age, steps", unit: "steps" },
  { name: "age_p95_steps", label: "95th percentile of ages, steps", unit: "steps" },
  { name: "error", label: "error of the update", unit: "1" },
  { name: "cosine", label: "cosine with the dense update", unit: "1" },
  { name: "mask_overlap", label: "kept in the step before, too", unit: "1" },
];

export const links = { link: ["link"], bytes: ["bytes"], busy: ["busy_s"], utilization: ["utilization"] };

export const messages = {
  source: ["source"],
  target: ["target"],
  bytes: ["bytes"],
  phase: ["phase"],
  start: ["start_s"],
  end: ["end_s"],
};

export const ages = { layer: ["layer"], age: ["age_steps"], parameters: ["parameters"] };

const secondsPerStep = (part) => [`seconds_per_step.${part}`];
const bytesPerRank = (part) => [`bytes_sent_per_rank.${part}`];

/** Keys of summary.json by their paths, and columns of scan.csv. */
export const summary = {
  scheme: ["scheme"],
  steps: ["steps"],
  ranks: ["ranks"],
  simulated: ["simulated_seconds"],
  compute: secondsPerStep("compute"),
  compress: compress.map((part) => `seconds_per_step.${part}`),
  exposed: secondsPerStep("exposed_exchange"),
  total: secondsPerStep("total"),
  values: bytesPerRank("values"),
  masks: bytesPerRank("masks"),
  headers: bytesPerRank("headers"),
  bytes: bytesPerRank("total"),
  accuracy: ["accuracy"],
  loss: ["loss"],
  targetSeconds: ["target.seconds"],
  bottleneckKind: ["bottleneck.kind"],
  bottleneckName: ["bottleneck.name"],
  bottleneckShare: ["bottleneck.share"],
  delay: ["staleness_steps.delay_mean"],
  age: ["staleness_steps.mean"],
  computeBasis: ["basis.compute"],
  compressBasis: ["basis.compress"],
  exchangeBasis: ["basis.exchange"],
  headroomFp32: ["headroom_seconds.dense_fp32"],
  headroomBf16: ["headroom_seconds.dense_bf16"],
  slowestLink: ["equal_at_bandwidth.slowest_link"],
  equalFp32: ["equal_at_bandwidth.dense_fp32"],
  equalBf16: ["equal_at_bandwidth.dense_bf16"],
  command: ["provenance.command"],
  seed: ["provenance.seed"],
  error: ["error"],
};

/** How a part of the step's time is known: measured, calibrated, extrapolated or modelled. */
export const basis = { compute: summary.computeBasis, compress: summary.compressBasis, exposed: summary.exchangeBasis };

/** Prefix of the columns of scan.csv that say how points differ, and the option that only repeats. */
export const optionPrefix = "option.";
export const seedOption = "option.seed";
export const schemeOption = "option.scheme";

/** The unit that a column's or key's name tells. */
export function unitOf(name) {
  if (
    /(_s|seconds)$/.test(name) ||
    name.startsWith("headroom_seconds") ||
    name.startsWith("seconds_per_step") ||
    name.endsWith(".seconds")
  )
    return "s";
  if (name.startsWith("equal_at_bandwidth")) return "B/s";
  if (/bytes$/.test(name) || name.startsWith("bytes_")) return "B";
  if (name.startsWith("compression_ratio")) return "x";
  if (/(accuracy|density|utilization|share)$/.test(name)) return "share";
  return "";
}

/** The names of the parts of a step's time, in the order in which they are stacked. */
export const timeParts = [
  { key: "compute", label: "computing" },
  { key: "compress", label: "compressing" },
  { key: "exposed", label: "exposed exchange" },
];
