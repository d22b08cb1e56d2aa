import assert from "node:assert/strict";
import { readModel } from "../../src/formats/open_model.ts";
import { openNetwork } from "../../src/graph/opening/network.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { disposeModel } from "../../src/model/instantiate.ts";
import { ownValue } from "../../src/base/own_value.ts";

await startBackend();

/** Members that every object has. */
const NAMES = ["constructor", "toString", "__proto__", "hasOwnProperty", "valueOf"];

async function open(modelTopology: unknown, weights: readonly unknown[] = []): Promise<void> {
  const json = {
    format: "layers-model",
    modelTopology,
    weightsManifest: [{ paths: ["w.bin"], weights }],
  };
  const files = new Map([
    ["model.json", new TextEncoder().encode(JSON.stringify(json))],
    ["w.bin", new Uint8Array(4 * weights.length)],
  ]);
  const { model } = await openNetwork(await readModel("model.json", files));
  disposeModel(model);
}

function sequential(config: Record<string, unknown>, className = "Dense") {
  const dense = { units: 1, use_bias: false, batch_input_shape: [null, 1], name: "d" };
  const layer = { class_name: className, config: { ...dense, ...config } };
  return { class_name: "Sequential", config: { name: "s", layers: [layer] } };
}

const kernel = (name: string, dtype = "float32") => ({ name, dtype, shape: [1, 1] });

for (const name of NAMES) {
  Deno.test(`${name} is no class, activation, initializer, type or weight of a model.json`, async () => {
    await open(sequential({}), [kernel("d/kernel")]);
    const wrong: [unknown, unknown[]][] = [
      [sequential({}, name), []],
      [sequential({ activation: name }), [kernel("d/kernel")]],
      [sequential({ kernel_initializer: { class_name: name, config: {} } }), [kernel("d/kernel")]],
      [sequential({}), [kernel("d/kernel", name)]],
      [sequential({}), [kernel(name)]],
      [{ class_name: name, config: { layers: [] } }, []],
    ];
    for (const [topology, weights] of wrong) {
      await assert.rejects(open(topology, weights), (error: Error) => {
        assert.equal(error.name, "InputError", `${JSON.stringify(topology)} ${error.stack}`);
        return true;
      });
    }
  });
}

Deno.test("a table has what is in it, and no member that every object has", () => {
  const table = { a: 1, ...JSON.parse('{"__proto__": 2}') };
  assert.deepEqual([...NAMES, "a", "b"].map((name) => ownValue({ a: 1 }, name)), [
    ...NAMES.map(() => undefined),
    1,
    undefined,
  ]);
  assert.equal(ownValue(table, "a"), 1);
});
