import assert from "node:assert/strict";
import { join } from "node:path";
import { measureLatencyOn, timeLayersOn } from "../../src/cost/on_runtime.ts";
import { InputError } from "../../src/base/errors.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { createRuntime } from "../../src/runtimes/create_runtime.ts";
import { findPackage, importPackage } from "../../src/runtimes/installed_package.ts";
import { RUNTIMES } from "../../src/runtimes/runtime.ts";
import type { LayerShape } from "../../src/cost/layer_shape.ts";
import { inTempFolder } from "../data/fixtures.ts";
import { buildNetworkFile } from "../support/networks.ts";
import { buildOpaque } from "../support/opaque_networks.ts";

await startBackend();

/** A 3×3 convolution of 32×32 images, as wide out as it is in. */
const convolution = (width: number): LayerShape => ({
  className: "Conv2D",
  config: { filters: width, kernel_size: [3, 3], padding: "same" },
  inputShapes: [[32, 32, width]],
  batchSize: 1,
});

for (const name of RUNTIMES) {
  Deno.test(`${name} runs networks in turns, and says which version it is`, async () => {
    assert.match(createRuntime(name).version, / \d+\.\d+\.\d+$/);
    const file = await buildNetworkFile("postActivation");
    const [first, second] = await measureLatencyOn(name, [file, file], { batchSize: 2, rounds: 3 });
    for (const { minimum, median, maximum } of [first, second]) {
      assert.ok(0 < minimum && minimum <= median && median <= maximum);
    }
    assert.deepEqual(first.relative, { minimum: 1, median: 1, maximum: 1 });
  });

  Deno.test(`${name} runs layers by themselves: four times as wide takes longer`, async () => {
    const { reference, ratios: [narrow, wide] } = await timeLayersOn(name, { leastRounds: 5 })([
      convolution(16),
      convolution(64),
    ]);
    assert.ok(reference > 0 && narrow > 0);
    assert.ok(wide > 2 * narrow, `${narrow}, ${wide}`);
  });
}

Deno.test("what only browsers have is refused with where it is to be had", () => {
  for (const name of ["tfjs-webgl", "tfjs-webgpu"]) {
    assert.throws(() => createRuntime(name), (error: Error) => {
      assert.ok(error instanceof InputError);
      assert.match(
        error.message,
        new RegExp(`^running networks on ${name}: .* on the page, in a browser`),
      );
      return true;
    });
  }
  assert.throws(
    () => createRuntime("tensorrt"),
    /found a name which is not known, wanted tfjs-wasm, /,
  );
});

Deno.test("a package that is not installed is refused with how to install it", () => {
  assert.throws(() => findPackage("secateur-without"), (error: Error) => {
    assert.ok(error instanceof InputError);
    assert.match(
      error.message,
      /npm install secateur-without, or in Deno add "secateur-without": /,
    );
    return true;
  });
});

Deno.test("a package is found below the working folder, and its version in the folder above its entry", () =>
  inTempFolder(async (folder) => {
    const own = join(folder, "node_modules/some-runtime");
    await Deno.mkdir(join(own, "dist/esm"), { recursive: true });
    await Deno.writeTextFile(join(own, "dist/esm/package.json"), '{ "type": "module" }');
    await Deno.writeTextFile(join(own, "dist/esm/index.js"), "export const answer = 42;");
    const description = {
      name: "some-runtime",
      version: "1.2.3",
      exports: { "./web": "./dist/esm/index.js" },
    };
    await Deno.writeTextFile(join(own, "package.json"), JSON.stringify(description));
    const before = Deno.cwd();
    Deno.chdir(folder);
    try {
      const { version } = findPackage("some-runtime", "some-runtime/web");
      assert.equal(version, "1.2.3");
    } finally {
      Deno.chdir(before);
    }
  }));

Deno.test("a package that lacks one that it needs is named, and what to do", () =>
  inTempFolder(async (folder) => {
    const entry = join(folder, "index.cjs");
    await Deno.writeTextFile(entry, 'require("not-there");');
    const installed = { name: "some-runtime", entry, folder, version: "1.2.3" };
    assert.throws(() => importPackage(installed), (error: Error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /^running networks on some-runtime: found it in .*not-there/);
      assert.match(error.message, /; npm install some-runtime again$/);
      return true;
    });
  }));

Deno.test("a layer that the runtime's format has no place for is named", async () => {
  const file = await buildOpaque("columns");
  await assert.rejects(
    measureLatencyOn("litert", [file], { batchSize: 1, rounds: 1 }),
    (error: Error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /as TensorFlow Lite: \w+ layer "\w+" has no counterpart here/);
      return true;
    },
  );
});
