import assert from "node:assert/strict";
import { startBackend } from "../../src/kernels/backend.ts";
import { fingerprint } from "../../src/session/fingerprint.ts";
import type { PreprocessingOverrides } from "../../src/model/read_preprocessing.ts";
import { noisyNetwork, withNoise } from "../support/noise.ts";

await startBackend();

Deno.test(
  "a model that does not state its preprocessing is named with what is said about it",
  withNoise(async (data) => {
    const stated = await noisyNetwork("plain");
    const model = { ...stated, metadata: undefined };
    const preprocessing: PreprocessingOverrides = { mean: [127], std: [74], inputSize: [8, 8] };
    assert.deepEqual(
      await fingerprint({ model, data, preprocessing }),
      await fingerprint({ model: stated, data }),
    );
  }),
);
