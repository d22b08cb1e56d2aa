import assert from "node:assert/strict";
import { openBlobs } from "../../src/distributed/blobs/open_blobs.ts";
import { getModel, putModel } from "../../src/distributed/model_blobs.ts";
import { readOnnx } from "../../src/formats/onnx/read/read.ts";
import { openModel } from "../../src/formats/open_model.ts";
import type { ModelFrame } from "../../src/model/model_frame.ts";
import type { ModelFile } from "../../src/model/model_file.ts";
import { startBackend } from "../../src/kernels/backend.ts";
import { inTempFolder } from "../data/fixtures.ts";
import type { GraphSketch } from "../formats/graph_model/graph_sketch.ts";
import { steps } from "../formats/graph_model/steps.ts";
import { tails } from "../formats/graph_model/tails.ts";
import { encodeTail, tails as onnxTails } from "../formats/onnx/tails.ts";
import { buildNetworkFile } from "../support/networks.ts";

await startBackend();

/** What comes of a model on its way through blobs; what stands for its place does not matter. */
async function send(file: ModelFile, folder: string): Promise<[ModelFile, ModelFile]> {
  const blobs = await openBlobs(`${folder}/blobs`);
  const found = await getModel(JSON.parse(JSON.stringify(await putModel(file, blobs))), blobs);
  await blobs.close();
  const [path, bytes] = ["model.json", 0];
  return [{ ...found, path, bytes }, { ...file, path, bytes }];
}

/** The frame without a tail that is not there. */
function withoutHoles({ tail, ...rest }: ModelFrame): ModelFrame {
  return { ...rest, ...(tail && { tail }) };
}

async function readSketch([g, outputs]: [GraphSketch, string[]], folder: string) {
  await Deno.mkdir(`${folder}/from`);
  await g.write(`${folder}/from`, ...outputs);
  return await openModel(`${folder}/from`);
}

for (const [name, build] of Object.entries({ ...steps, ...tails })) {
  Deno.test(`a queue's worker gets what a graph model has around its layers: ${name}`, () =>
    inTempFolder(async (folder) => {
      const file = await readSketch(build(), folder);
      const [found, wanted] = await send({ ...file, frame: withoutHoles(file.frame!) }, folder);
      assert.deepEqual(found, wanted);
    }));
}

for (const [name, build] of Object.entries(onnxTails)) {
  Deno.test(`a queue's worker gets what an ONNX file has around its layers: ${name}`, () =>
    inTempFolder(async (folder) => {
      const { frame, ...file } = readOnnx(encodeTail(build()), "net.onnx");
      const [found, wanted] = await send({ ...file, frame: withoutHoles(frame!) }, folder);
      assert.deepEqual(found.frame, wanted.frame);
    }));
}

Deno.test("a queue's worker gets weights in full precision, and what they are to be stored as", () =>
  inTempFolder(async (folder) => {
    const file: ModelFile = { ...await buildNetworkFile("plain"), quantized: "uint8" };
    const [found, wanted] = await send(file, folder);
    assert.deepEqual(found.weights, wanted.weights);
    assert.equal(found.quantized, "uint8");
  }));
