import assert from "node:assert/strict";
import { SHELL_OPTION_WORDS } from "../../../cli/shell/shell_option_words.ts";
import { wordLog, wordProfile, wordReport } from "../../../cli/output/word_report.ts";
import { searchFiles } from "../../../cli/output/search_log.ts";
import { describeReport } from "../../../cli/output/prune_report.ts";
import { renderReport, type RunProfile, type SearchLog } from "../../../src/mod.ts";
import { pruneRecord } from "../../report/records.ts";

const FAILURE = ["timing layer 1: found no size; give ", { anyOf: ["inputSize"] }] as const;
const SHARE = ["found 0.2, wanted 0.1; raise ", { anyOf: ["share"] }] as const;

const { report, profile, ...record } = pruneRecord();
const found = {
  ...report,
  failure: FAILURE,
  notices: ["a plain note", SHARE],
  search: { ...report.search!, failures: [{ rollout: 3, failure: SHARE }] },
};

Deno.test("a report says options by flags, and by the words of a session", () => {
  const written = wordReport(found);
  assert.equal(written.failure, "timing layer 1: found no size; give --input-size");
  assert.deepEqual(written.notices, ["a plain note", "found 0.2, wanted 0.1; raise --budget"]);
  assert.equal(written.search!.failures![0].failure, "found 0.2, wanted 0.1; raise --budget");
  assert.match(describeReport(written), /^note: found 0\.2, wanted 0\.1; raise --budget$/m);
  const { notices } = wordReport(found, SHELL_OPTION_WORDS);
  assert.equal(notices[1], "found 0.2, wanted 0.1; raise the share");
  assert.deepEqual(wordReport(report).notices, report.notices);
  assert.ok(!("failure" in wordReport(report)));
});

Deno.test("the log of a search and missing times say them by flags", () => {
  const log: SearchLog = {
    units: ["conv"],
    rollouts: [],
    failures: [{
      ...{ rollout: 3, source: "random", counts: [1], ratios: [0.5], cost: 0.5, noise: 0 },
      ...{ macs: 7, convMacs: 7, failure: SHARE },
    }],
  };
  assert.match(
    searchFiles(wordLog(log)).get("search.jsonl")!,
    /"failure":"found .* raise --budget"/,
  );
  const { latency: _, ...costs } = profile!;
  const without: RunProfile = { ...costs, latencyFailure: FAILURE };
  assert.equal(wordProfile(without).latencyFailure, wordReport(found).failure);
  assert.deepEqual(wordProfile(costs), costs);
});

Deno.test("a page of a report has the words that its record has, and those of the library otherwise", async () => {
  const { latency: _, ...costs } = profile!;
  const timeless = { ...costs, latencyFailure: FAILURE };
  const draw = (own: typeof report, profile: RunProfile) =>
    renderReport({ ...record, report: own, profile });
  const library = await draw(found, timeless);
  assert.match(library, /Times are missing: timing layer 1: found no size; give inputSize\./);
  assert.match(library, /raise share/);
  const written = await draw(wordReport(found), wordProfile(timeless));
  assert.match(written, /found no size; give --input-size\./);
  assert.match(written, /raise --budget/);
});
