import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../cli/fixtures.ts";
import { projectFolder } from "../cli/run_cli.ts";
import { putBuilt } from "../support/built.ts";
import { runChild } from "../support/children.ts";
import { testWith } from "../support/programs.ts";

testWith("firefox")(
  "the page in Firefox: the example is pruned with keys alone, on all cores, and timed",
  () =>
    inTempFolder(async (folder) => {
      await putBuilt("page", folder);
      const printed = await runChild([
        ...[Deno.execPath(), "run", "--quiet", "--allow-all", "test/page/in_firefox.ts"],
        ...[join(folder, "index.html"), folder],
      ], projectFolder);
      const seen = JSON.parse(printed);
      const threads = seen.cores === 1 ? "one thread" : `${seen.cores} threads`;
      assert.match(seen.accuracy, /92\.35% of 2,000/);
      assert.match(seen.note, /one for each core\.$/);
      assert.match(seen.alone, /^One thread works\. More would/);
      assert.match(seen.slider, /^45% of the MACs: 4\.3M of 9\.55M/);
      assert.match(seen.figures, new RegExp(`pruned in [\\d.]+ s on ${threads}`));
      assert.match(seen.figures, /Accuracy\s+92\.35%\s+9[01]\.\d\d%/);
      assert.equal(seen.focused, "result-title");
      assert.match(seen.latency, /WebAssembly[^]+Original\s+[\d.]+ ms[^]+Smaller\s+[\d.]+ ms/);
      assert.deepEqual(seen.barriers, []);
      assert.equal(seen.isWide, false);
      assert.deepEqual(seen.complaints, []);
    }),
);
