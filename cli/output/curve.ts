import type { CurvePoint, ExploreReport } from "../../src/mod.ts";
import { formatCount, formatPercent, formatTable } from "./table.ts";

/** A curve for people. */
export function describeCurve({ name, original, points, seconds, ...run }: ExploreReport): string {
  const isClassified = original.accuracy !== undefined;
  const table = formatTable(
    ["keeps", "MACs", "parameters", ...(isClassified ? ["accuracy"] : []), "loses"],
    points.map((point) => [
      `${formatPercent(point.share)}`,
      formatCount(point.macs),
      formatCount(point.params),
      ...(isClassified ? [formatPercent(point.accuracy!)] : []),
      describeDrop(point, isClassified),
    ]),
  );
  const reached = isClassified ? `, ${formatPercent(original.accuracy!)} right` : "";
  return [
    `${name}: ${formatCount(original.macs)} MACs, ${
      formatCount(original.params)
    } parameters${reached}`,
    "",
    table,
    "",
    `measured on ${original.images} held-out training images, as read off the statistics; \`prune\` repairs, and loses less`,
    `time        ${seconds.toFixed(1)} s`,
    `repeat with --seed ${run.seed} --workers ${run.workers}`,
    ...run.notices.map((notice) => `note: ${notice}`),
  ].join("\n");
}

/** What a network loses, with its standard error. */
export function describeDrop(
  { drop, standardError }: Pick<CurvePoint, "drop" | "standardError">,
  isClassified: boolean,
): string {
  const [lost, spread] = [drop, standardError].map((share) => (100 * share).toFixed(2));
  return isClassified ? `${lost} ± ${spread} points` : `${lost} ± ${spread} % relative error`;
}
