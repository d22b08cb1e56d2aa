import assert from "node:assert/strict";
import { calibrate } from "../../src/api/calibrate.ts";
import { evaluate } from "../../src/api/evaluate.ts";
import { explore } from "../../src/api/explore.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { inTempFolder, writeSmallData } from "../cli/fixtures.ts";
import { exampleModel } from "../cli/run_cli.ts";

await startBackend();

Deno.test("what looks at every image says beforehand how many there are, before its first stage", () =>
  inTempFolder(async (data) => {
    await writeSmallData(data, { train: 160, test: 60 });
    const told: object[] = [];
    const options = {
      model: exampleModel,
      data,
      workers: 1,
      onForecast: ({ seconds, ...plan }: { seconds: number }) => {
        assert.ok(seconds > 0 && Number.isFinite(seconds));
        told.push(plan);
      },
      onProgress: () => assert.ok(told.length > 0, "work begins behind the forecast"),
    };
    const tellOf = async (run: Promise<unknown>) => {
      await run;
      return told.splice(0);
    };
    const sampling = { batches: 1, batchSize: 64 };
    assert.deepEqual(await tellOf(evaluate(options)), [{ images: 60 }]);
    assert.deepEqual(await tellOf(calibrate({ ...options, ...sampling })), [{ images: 64 }]);
    assert.deepEqual(
      await tellOf(calibrate({ ...options, ...sampling, shard: { number: 2, of: 2 } })),
      [{ images: 32 }],
    );
    assert.deepEqual(
      await tellOf(explore({ ...options, ...sampling, shares: [0.8, 0.6] })),
      [{ images: 64, judges: 32, sizes: 2 }],
    );
  }));
