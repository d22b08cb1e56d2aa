const percent = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1 });
const exactly = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 2 });
const change = new Intl.NumberFormat("en", {
  style: "percent",
  minimumFractionDigits: 1,
  signDisplay: "exceptZero",
});
const points = new Intl.NumberFormat("en", {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: "exceptZero",
});
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const plain = new Intl.NumberFormat("en");

/** A share, such as 53.2%. */
export const asPercent = (share: number): string => percent.format(share);

/** A share of which hundredths of a percent count. */
export const asAccuracy = (share: number): string => exactly.format(share);

/** What is more or less than before, as a share of it. */
export const asChange = (share: number): string => change.format(share).replace("-", "−");

/** A difference of accuracies, in percentage points. */
export const asPoints = (difference: number): string =>
  `${points.format(100 * difference).replace("-", "−")} points`;

/** A large number, such as 9.55M. */
export const asCompact = (count: number): string => compact.format(count);

/** A number with all its digits. */
export const asCount = (count: number): string => plain.format(count);

/** Bytes in kB or MB, of a thousand each. */
export function asBytes(bytes: number): string {
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Milliseconds, without the unit. */
export function asMilliseconds(time: number): string {
  return time.toFixed(time < 10 ? 2 : 1);
}
