/**
 * How the learning rate changes over a training: it falls in two steps (`piecewise`) or along a half cosine (`cosine`),
 * rises and then falls (`one-cycle`, Smith and Topin 2018, arXiv 1708.07120; `warm-cosine` rises for a moment only), or
 * stays (`constant`).
 */
export type Schedule = "piecewise" | "cosine" | "one-cycle" | "warm-cosine" | "constant";

const DROPS = [0.5, 0.75];
const DROP = 0.1;
const WARM_UP = 0.3;
const START_DIVISOR = 25;
const END_DIVISOR = 1e4;
const SHORT_WARM_UP = 0.05;

/**
 * The learning rate at a moment of the training.
 *
 * - `piecewise`: the peak, a tenth of it from half, a hundredth from three quarters of the training (He et al. 2016);
 * - `cosine`: peak · (1 + cos πt) / 2 (Loshchilov and Hutter 2017, arXiv 1608.03983, eq. 5, without restarts);
 * - `one-cycle`: from peak / 25 up to the peak over the first 30 %, then down to peak / 10,000, on half cosines (Smith
 *   and Topin 2018, arXiv 1708.07120);
 * - `warm-cosine`: from 0 up to the peak over the first 5 %, then down to 0 on a half cosine;
 * - `constant`: the peak throughout.
 *
 * @param schedule The schedule.
 * @param peak Largest learning rate.
 * @param progress Share of the training that is done, from 0 to 1.
 * @returns The learning rate.
 */
export function learningRateAt(schedule: Schedule, peak: number, progress: number): number {
  switch (schedule) {
    case "piecewise":
      return peak * DROP ** DROPS.filter((drop) => progress >= drop).length;
    case "cosine":
      return ease(peak, 0, progress);
    case "one-cycle":
      return progress < WARM_UP
        ? ease(peak / START_DIVISOR, peak, progress / WARM_UP)
        : ease(peak, peak / END_DIVISOR, (progress - WARM_UP) / (1 - WARM_UP));
    case "warm-cosine":
      return progress < SHORT_WARM_UP
        ? peak * progress / SHORT_WARM_UP
        : ease(peak, 0, (progress - SHORT_WARM_UP) / (1 - SHORT_WARM_UP));
    case "constant":
      return peak;
  }
}

/** Goes from one value to another on half a cosine. */
function ease(from: number, to: number, progress: number): number {
  return to + (from - to) * (1 + Math.cos(Math.PI * progress)) / 2;
}
