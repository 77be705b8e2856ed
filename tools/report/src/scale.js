// Axes for values of any size.

/**
 * A logarithmic axis for values of which some may be 0, and which may lie any distance apart: 0 has a place of its own
 * below the smallest decade, with "0" beside it. `place` gives where a value is drawn.
 */
export function logScale(values, shown) {
  const positive = values.filter((value) => value !== null && value > 0);
  const hasZero = values.some((value) => value === 0);
  const smallest = positive.length > 0 ? positive.reduce((a, b) => Math.min(a, b)) : 1;
  const largest = positive.length > 0 ? positive.reduce((a, b) => Math.max(a, b)) : 1;
  let low = Math.floor(Math.log10(smallest));
  const high = Math.max(low + 1, Math.ceil(Math.log10(largest) - 1e-9));
  if (hasZero) low -= 1;
  const zero = 10 ** low;
  return {
    place: (value) => (value === null || value < 0 ? null : value === 0 ? zero : value),
    axis: {
      type: "log",
      logBase: 10,
      min: zero,
      max: 10 ** high,
      axisLabel: { formatter: (value) => (hasZero && value <= zero * 1.001 ? "0" : shown(value)) },
    },
  };
}
