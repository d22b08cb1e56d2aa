import type { Forecast, NetworkRepairReport, ValidationFigures } from "../src/browser.ts";
import { asAccuracy, asCount, asPercent } from "./figures.ts";

/**
 * Says what a pruning is going to do, and about how long that takes.
 *
 * @param forecast What the library foretells.
 * @returns A sentence without a period.
 */
export function describePlan({ policy, repairSteps, epochs, seconds }: Forecast): string {
  const steps = [
    policy.kind === "auto" ? "tries out many sizes of the layers" : "chooses channels",
    "repairs layer by layer",
    ...(repairSteps > 0 ? [`repairs the whole network in ${asCount(repairSteps)} steps`] : []),
    ...(epochs > 0 ? [`tunes it for ${asCount(epochs)} epochs`] : []),
  ];
  const all = `${steps.slice(0, -1).join(", ")} and ${steps.at(-1)}`;
  return `${all}; about ${asDuration(seconds)} on this device`;
}

/** A rough time does not look exact: tens of seconds, and whole minutes from two of them on. */
function asDuration(seconds: number): string {
  return seconds <= 120
    ? `${Math.max(10, 10 * Math.ceil(seconds / 10))} s`
    : `${asCount(Math.ceil(seconds / 60))} minutes`;
}

/**
 * Says what the repair of the whole network won.
 *
 * @param report What it found, without the reason for there being none.
 * @returns A sentence without a period.
 */
export function describeRepair(
  { steps, heldOut, isKept }: Omit<NetworkRepairReport, "reason">,
): string {
  const what = `The whole network was repaired in ${asCount(steps)} steps`;
  if (heldOut === undefined) return what;
  const { before, after, images } = heldOut;
  const where = `${asCount(images)} training images that are set aside`;
  return isKept
    ? `${what}: from ${figureOf(before)} to ${figureOf(after)} on ${where}`
    : `${what}, which was no better than before on ${where} and was undone`;
}

function figureOf({ validationAccuracy, validationOutputError }: ValidationFigures): string {
  return validationAccuracy === undefined
    ? `an error of ${asPercent(validationOutputError!)}`
    : asAccuracy(validationAccuracy);
}
