import assert from "node:assert/strict";
import { formatDuration } from "../../../cli/output/progress.ts";
import {
  formatBytes,
  formatChange,
  formatCount,
  formatPercent,
  formatTable,
} from "../../../cli/output/table.ts";

Deno.test("`formatTable()` sets numbers to the right, with a unit or not, and leaves gaps empty", () => {
  const table = formatTable(["place", "layer", "MACs", "lost"], [
    [1, "conv1", "1.81 M", "0.50 %"],
    [undefined, "dense", 640, "12.00 %"],
  ]);
  assert.equal(
    table,
    [
      "place  layer    MACs     lost",
      "    1  conv1  1.81 M   0.50 %",
      "       dense     640  12.00 %",
    ].join("\n"),
  );
});

Deno.test("`formatTable()` gives every line of a cell a line", () => {
  assert.equal(
    formatTable(["space", "by", "why"], [[0, "a\nlong", "because"], [1, "b", undefined]]),
    ["space  by    why", "    0  a     because", "       long", "    1  b"].join("\n"),
  );
});

Deno.test("`formatTable()` wraps its last column between words at 100 columns", () => {
  const reason = "a sentence of quite a few words ".repeat(5).trim();
  const lines = formatTable(["layer", "reason"], [["convolution", reason]]).split("\n");
  assert.ok(lines.length > 2);
  assert.ok(lines.every((line) => line.length <= 100));
  assert.equal(lines.slice(1).map((line) => line.slice(13)).join(" "), reason);
});

Deno.test("`formatTable()` lays out a header without rows", () => {
  assert.equal(formatTable(["place", "layer"], []), "place  layer");
});

Deno.test("figures are written as people read them", () => {
  assert.deepEqual([0, 640, 9999, 10000, 9.35e6].map(formatCount), [
    "0",
    "640",
    "9999",
    "10.0 k",
    "9.35 M",
  ]);
  assert.deepEqual([330150, 2.5e6].map(formatBytes), ["330.1 kB", "2.50 MB"]);
  assert.equal(formatPercent(0.84954), "84.95 %");
  assert.equal(formatChange({ before: 200, after: 50 }, formatCount), "200 -> 50 (25.00 %)");
});

Deno.test("`formatDuration()` counts in seconds, minutes and hours", () => {
  assert.deepEqual([0, 59.4, 60, 125, 3600, 7380].map(formatDuration), [
    "0 s",
    "59 s",
    "1 min 0 s",
    "2 min 5 s",
    "1 h 0 min",
    "2 h 3 min",
  ]);
});
