import type { PruneReport } from "../src/mod.ts";
import { formatBytes, formatChange, formatCount, formatPercent, formatTable } from "./table.ts";

/** A pruning run for people. */
export function describeReport(
  report: PruneReport,
  bytes?: { before: number; after: number },
  out?: string,
): string {
  const { accuracy, loss, macs, params, seconds, batchNorm, images } = report;
  const layers = formatTable(
    ["place", "layer", "kept", "of", "cut", "lost"],
    report.layers.map((layer) => [
      layer.place,
      layer.name,
      layer.kept,
      layer.of,
      layer.reason ? `${layer.mode}: ${layer.reason}` : layer.mode,
      formatPercent(layer.relativeError),
    ]),
  );
  const chosen = batchNorm.reestimated ? "re-estimated" : "kept";
  return [
    layers,
    "",
    `accuracy    ${formatPercent(accuracy.before)} -> ${formatPercent(accuracy.after)}`,
    `loss        ${loss.before.toFixed(4)} -> ${loss.after.toFixed(4)}`,
    `MACs        ${formatChange(macs, formatCount)}, selectors ${formatCount(macs.selectors)}`,
    `  in convolutions ${
      formatChange({ before: macs.convBefore, after: macs.convAfter }, formatCount)
    }`,
    `parameters  ${formatChange(params, formatCount)}`,
    ...(bytes ? [`on disk     ${formatChange(bytes, formatBytes)}`] : []),
    `BatchNormalization ${chosen}`,
    `${images.calibration} training and ${images.test} test images, ${
      seconds.total.toFixed(1)
    } s: ` +
    `calibration ${seconds.calibrate.toFixed(1)}, selection ${seconds.select.toFixed(1)}, ` +
    `reconstruction ${seconds.reconstruct.toFixed(1)}, ` +
    `BatchNormalization ${seconds.batchNorm.toFixed(1)}, evaluation ${seconds.evaluate.toFixed(1)}`,
    ...report.notices.map((notice) => `note: ${notice}`),
    ...images.unreadableNames.map((name) => `note: skipped ${name}, it cannot be read`),
    ...(out ? [`written to ${out}`] : []),
  ].join("\n");
}
