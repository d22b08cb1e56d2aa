/** Narrow no-break space between a number and its unit. */
const GAP = "\u202f";
const MINUS = "\u2212";

/** A number with a true minus sign. */
export function formatNumber(value: number, digits: number): string {
  return value.toFixed(digits).replace("-", MINUS);
}

/** A share as per cent. */
export function formatPercent(share: number, digits = 2): string {
  return `${formatNumber(100 * share, digits)}${GAP}%`;
}

/** A difference of two shares, in percentage points. */
export function formatPoints(difference: number): string {
  const points = formatNumber(100 * difference, 2);
  return `${difference > 0 ? "+" : ""}${points}${GAP}points`;
}

/** A unit that suits some numbers. */
export interface Unit {
  /** What one of it stands for. */
  readonly size: number;
  /** Its name in front of what is counted: `million`. */
  readonly word: string;
  /** Its sign: `M`. */
  readonly sign: string;
}

const COUNTS: readonly Unit[] = [
  { size: 1e9, word: "billion", sign: "G" },
  { size: 1e6, word: "million", sign: "M" },
  { size: 1e3, word: "thousand", sign: "k" },
  { size: 1, word: "", sign: "" },
];

/** The largest unit of which the largest number is one at least. */
export function unitFor(values: readonly number[]): Unit {
  const largest = Math.max(...values, 1);
  return COUNTS.find(({ size }) => largest >= size)!;
}

/** A count with three digits and its unit. */
export function formatCount(count: number): string {
  const { size, sign } = unitFor([count]);
  if (size === 1) return String(Math.round(count));
  return `${(count / size).toPrecision(3)}${GAP}${sign}`;
}

/** A size on disk. */
export function formatBytes(bytes: number): string {
  const { size, sign } = unitFor([bytes]);
  const value = size === 1 ? String(bytes) : (bytes / size).toPrecision(3);
  return `${value}${GAP}${sign}B`;
}

/** A time with three digits. */
export function formatMilliseconds(milliseconds: number): string {
  const digits = milliseconds >= 100 ? 0 : milliseconds >= 10 ? 1 : milliseconds >= 1 ? 2 : 3;
  return `${milliseconds.toFixed(digits)}${GAP}ms`;
}

/** Wall time. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)}${GAP}s`;
  const minutes = Math.floor(seconds / 60);
  const rest = Math.round(seconds - 60 * minutes);
  return minutes < 60
    ? `${minutes}${GAP}min ${rest}${GAP}s`
    : `${Math.floor(minutes / 60)}${GAP}h ${minutes % 60}${GAP}min`;
}

/** A name that fits some characters: the middle of a longer one is left out. */
export function shorten(name: string, length: number): string {
  const characters = Array.from(name);
  if (characters.length <= length) return name;
  const head = Math.ceil((length - 1) / 2);
  const tail = length - 1 - head;
  return `${characters.slice(0, head).join("")}…${characters.slice(-tail).join("")}`;
}

const [NARROW, ROUND, BROAD] = [4.8, 7.4, 11];

/** Pixels that a text takes in a chart, at most about: 12 pixels high, in the broader of usual fonts. */
export function estimateWidth(text: string): number {
  return Array.from(text).reduce((width, character) => {
    if (/[iljtfrI.,:;'|! ()[\]]/.test(character)) return width + NARROW;
    return width + (/[\w]/.test(character) && !/[mwMW]/.test(character) ? ROUND : BROAD);
  }, 0);
}
