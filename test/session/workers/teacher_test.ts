import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { Teacher } from "../../../src/session/workers/teacher.ts";
import { noisyNetwork } from "../../support/noise.ts";
import { randomImages } from "../../support/networks.ts";

await startBackend();

/** Answers to some of the images, output by output. */
function ask(teacher: Teacher, images: tf.Tensor4D, indices: readonly number[]): Float32Array[] {
  const chosen = Int32Array.from(indices);
  const inputs = [tf.tidy(() => images.gather(tf.tensor1d(chosen, "int32")))];
  const outputs = teacher.answer(inputs, chosen);
  const values = outputs.map((output) => output.dataSync<"float32">().slice());
  assert.ok(outputs.every(({ shape }) => shape[0] === indices.length));
  tf.dispose([...inputs, ...outputs]);
  return values;
}

for (const name of ["preActivation", "decoder"] as const) {
  Deno.test(`a teacher's answers that are kept are the same bits, whatever an image is shown with (${name})`, async () => {
    const file = await noisyNetwork(name);
    const [keeping, fresh] = [true, false].map(async (isRepeated) =>
      new Teacher(await openNetwork(file), { readsLogits: true, isRepeated })
    );
    const [teacher, other] = [await keeping, await fresh];
    const images = randomImages(20);
    const before = tf.memory().numTensors;
    const all = Array.from({ length: 20 }, (_, at) => at);
    const first = ask(teacher, images, [3, 4, 5]);
    const whole = ask(teacher, images, all);
    const backwards = ask(teacher, images, all.toReversed());
    const exact = ask(other, images, all);
    whole.forEach((values, output) => {
      const length = values.length / 20;
      assert.deepEqual(values.slice(3 * length, 6 * length), first[output]);
      for (const row of all) {
        const place = 19 - row;
        assert.deepEqual(
          backwards[output].slice(place * length, (place + 1) * length),
          values.slice(row * length, (row + 1) * length),
        );
      }
      const scale = Math.max(...exact[output].map(Math.abs));
      values.forEach((value, at) => {
        assert.ok(Math.abs(value - exact[output][at]) <= 1e-5 * scale);
      });
    });
    const again = new Teacher(await openNetwork(file), { readsLogits: true, isRepeated: true });
    assert.deepEqual(ask(again, images, all.toReversed()), backwards, "in another order");
    again.dispose();
    assert.equal(tf.memory().numTensors, before);
    teacher.dispose();
    other.dispose();
    images.dispose();
  });
}
