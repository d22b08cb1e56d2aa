import { type Change, SLOW_SELECTOR, type StoredType } from "../../src/mod.ts";
import type { WordedReport } from "./word_report.ts";

/** What a run has gained. */
export interface Gain {
  /** Bytes of the models on disk. */
  readonly bytes: Change;
  /** Milliseconds of an image on stock TensorFlow.js, where they were measured. */
  readonly milliseconds: { readonly before?: number; readonly after?: number };
  /** What kernels are stored as; float32 when absent, and where it is `file`: that of a format that is one file. */
  readonly storage?: StoredType | "file";
}

/** What a report says about the layers. */
type Cut = Pick<WordedReport, "layers">;

/** Share of the original's time within which two measurements are the same. */
const SAME_TIME = 0.02;

/** Share of the original's bytes within which two files are as large: the new one says what made it. */
const SAME_SIZE = 0.01;

/** Layers that stay whole against what was asked for are no surprise where it is said how to insist. */
export function noteOnSelectors({ layers }: Cut): string[] {
  const slow = layers.filter(({ reason }) => reason === SLOW_SELECTOR).length;
  return slow === 0 ? [] : [
    `${slow} of the convolutions would take longer behind a selector, and ${
      slow === 1 ? "stays" : "stay"
    } whole: ` +
    "give --slow-selectors to cut them all the same, or --shared couple, which needs no selectors",
  ];
}

/**
 * A smaller network that is slower, or a larger file, is not what anybody wanted.
 *
 * @param report What was cut.
 * @param gain What came of it.
 * @returns What to say, with advice that applies.
 */
export function whyItDoesNotPay(
  { layers }: Cut,
  { bytes, milliseconds: { before, after }, storage }: Gain,
): string[] {
  const notices: string[] = [];
  const selects = layers.some(({ mode }) => mode === "select");
  const fewer = selects
    ? "keep fewer channels, or give --shared couple, which needs no selectors"
    : "keep fewer channels";
  if (before !== undefined && after !== undefined && after > (1 + SAME_TIME) * before) {
    const times = (after / before).toFixed(2);
    notices.push(
      `the smaller network takes ${times} times as long as the original on stock TensorFlow.js on ` +
        `this machine: ${fewer}`,
    );
  }
  if (bytes.before > 0 && bytes.after > (1 + SAME_SIZE) * bytes.before) {
    const times = (bytes.after / bytes.before).toFixed(2);
    notices.push(
      `the written model is ${times} times as large as the original on disk: ${
        storage === undefined || storage === "float32"
          ? "give --quantize to store its kernels in fewer bytes"
          : storage === "file"
          ? "give --quantize float16, which stores its kernels in two bytes a number"
          : fewer
      }`,
    );
  }
  return notices;
}
