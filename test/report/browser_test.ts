import assert from "node:assert/strict";
import { join } from "node:path";
import { drawComparison, drawReport, summarizeRuns } from "../../src/report/drawing.ts";
import { testWith } from "../support/programs.ts";
import { spawnScript } from "../cli/run_cli.ts";
import { inTempFolder } from "../data/fixtures.ts";
import type { Findings } from "./browse.ts";
import { detectorRecord, HOSTILE, pruneRecord, tuningRecord } from "./records.ts";

/** Pages by name, with the charts that are to be seen on them. */
function drawPages(): Record<string, { readonly page: string; readonly charts: number }> {
  const hostile = pruneRecord({
    classes: ["a", HOSTILE, HOSTILE],
    text: HOSTILE,
    layerName: (layer) => HOSTILE + layer,
  });
  const runs = [pruneRecord(), tuningRecord("finetune"), tuningRecord("train"), detectorRecord()];
  return {
    prune: { page: drawReport(pruneRecord()), charts: 12 },
    hostile: { page: drawReport(hostile), charts: 12 },
    detector: { page: drawReport(detectorRecord()), charts: 9 },
    train: { page: drawReport(tuningRecord("train")), charts: 6 },
    compare: {
      page: drawComparison(
        summarizeRuns(runs.map((record, run) => ({ path: `run${run}`, record }))),
      ),
      charts: 4,
    },
  };
}

testWith("chromium")(
  "reports are whole, quiet, accessible and legible on phones, screens and paper, light and dark",
  () =>
    inTempFolder(async (folder) => {
      const pages = drawPages();
      const pathOf = (name: string) => join(folder, `${name}.html`);
      for (const [name, { page }] of Object.entries(pages)) {
        await Deno.writeTextFile(pathOf(name), page);
      }
      const paths = Object.keys(pages).map(pathOf);
      const child = spawnScript("test/report/browse.ts", paths, ["--allow-all"]);
      const { code, stdout, stderr } = await child.output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const found: Record<string, Findings[]> = JSON.parse(new TextDecoder().decode(stdout));
      for (const [name, { charts }] of Object.entries(pages)) {
        for (const { view, ...findings } of found[pathOf(name)]) {
          assert.deepEqual(
            findings,
            {
              overflow: 0,
              said: [],
              requests: [],
              violations: [],
              charts,
              texts: [],
              brokenImages: 0,
            },
            `${name}, ${view}`,
          );
        }
      }
    }),
);
