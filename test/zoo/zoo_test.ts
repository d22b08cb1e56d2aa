import assert from "node:assert/strict";
import { saveModel } from "../../src/formats/save_model.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { inTempFolder } from "../data/fixtures.ts";
import { expectations } from "./expectations.ts";
import {
  assertCutsAgree,
  assertInspected,
  assertKeepsAll,
  assertRoundTrip,
  assertSameInLiteRt,
  assertSameInOnnxRuntime,
  readersOf,
  withNetwork,
} from "./properties.ts";
import { architectureNames, buildArchitecture } from "./zoo.ts";

await startBackend();

/** Why a layer stays whole even where it alone could keep a subset of what it reads. */
const ALWAYS_WHOLE = /^it reads .*, an input of the model$|one channel only|is called 2 times/;

const READS_INPUT = /^it reads .*, an input of the model$/;

Deno.test("expectations are about architectures that there are", () => {
  const unknown = Object.keys(expectations).filter((name) => !architectureNames.includes(name));
  assert.deepEqual(unknown, []);
  assert.ok(architectureNames.length >= 30);
});

for (const name of architectureNames) {
  const { whole = {}, unwrittenOnnx, unreadOnnx, unwrittenTflite, unreadTflite } =
    expectations[name] ?? {};

  Deno.test(`inspect() says of ${name} which layers can be cut, and why others cannot`, async () => {
    const file = await buildArchitecture(name);
    const coupled = readersOf(await assertInspected(file, "couple"));
    const kept = coupled.filter(({ mode, reason }) =>
      mode === "whole" && !READS_INPUT.test(reason!)
    );
    assert.deepEqual(kept.map((layer) => layer.name).sort(), Object.keys(whole).sort());
    for (const layer of kept) assert.match(layer.reason!, whole[layer.name]);
    for (const { className, mode, reason } of readersOf(await assertInspected(file, "select"))) {
      if (className !== "Dense" && mode === "whole") assert.match(reason!, ALWAYS_WHOLE);
    }
  });

  Deno.test(`${name}: masked equals shrunk, and keeping all channels changes nothing`, async () => {
    await withNetwork(await buildArchitecture(name), async (network) => {
      await assertKeepsAll(network);
      for (const select of [false, true]) {
        const { cut, change } = await assertCutsAgree(network, { seed: 1, select });
        assert.ok(cut > 0 && change > 1e-3, `${cut} cuts change the outputs by ${change}`);
      }
    });
  });

  Deno.test(`${name} is written and read back the same in every format`, () =>
    inTempFolder(async (folder) => {
      const file = await buildArchitecture(name);
      await assertRoundTrip(file, `${folder}/model`);
      await assertRoundTrip(file, `${folder}/model.keras`);
      const judges = [
        ["onnx", assertSameInOnnxRuntime, unwrittenOnnx, unreadOnnx],
        ["tflite", assertSameInLiteRt, unwrittenTflite, unreadTflite],
      ] as const;
      for (const [format, assertSame, unwritten, unread] of judges) {
        const path = `${folder}/model.${format}`;
        const refusal = { name: "InputError", message: unwritten ?? unread };
        if (unwritten) {
          await assert.rejects(saveModel(path, file), refusal);
          continue;
        }
        if (unread) await assert.rejects(assertRoundTrip(file, path), refusal);
        else await assertRoundTrip(file, path);
        await assertSame(file, path);
      }
    }));
}
