import assert from "node:assert/strict";
import type * as tf from "@tensorflow/tfjs";
import { findChannelSpaces } from "../../../src/graph/channels/channel_spaces.ts";
import { listReaders, type SharedMode } from "../../../src/graph/cuts/readers.ts";
import { listCutUnits } from "../../../src/graph/cuts/cut_units.ts";
import { openNetwork } from "../../../src/graph/opening/network.ts";
import { startBackend } from "../../../src/kernels/backend.ts";
import { captureModel, disposeModel } from "../../../src/model/instantiate.ts";
import { Layout } from "../../zoo/layout.ts";

await startBackend();

async function readersOf(built: tf.LayersModel, shared: SharedMode) {
  const file = await captureModel(built);
  disposeModel(built);
  const { model, graph } = await openNetwork(file);
  disposeModel(model);
  const map = findChannelSpaces(graph);
  const places = listReaders(graph, map, shared);
  const modes = Object.fromEntries(places.map(({ key, mode, reason }) => [key, reason ?? mode]));
  return { modes, units: listCutUnits(graph, map, places).map(({ name }) => name) };
}

/** Two convolutions, Flatten, Dense: the network of every tutorial. */
function tutorialNetwork(): tf.LayersModel {
  const net = new Layout("tutorial");
  const image = net.image([8, 8, 1]);
  const first = net.maxPool(net.conv(image, 4, { bias: true, activation: "relu" }));
  const second = net.maxPool(net.conv(first, 6, { bias: true, activation: "relu" }));
  return net.model(image, net.dense(net.flatten(second), 5, "softmax"));
}

/** Noise through a Dense layer to a small map, and from there to an image. */
function generator(): tf.LayersModel {
  const net = new Layout("generator");
  const noise = net.image([3], "noise");
  const map = net.reshape(net.dense(noise, 2 * 2 * 6, "relu"), [2, 2, 6]);
  const x = net.unit(net.unit(map, 5), 4);
  return net.model(noise, net.conv(x, 3));
}

/** Two streams with layers of their own. */
function twoStreams(): tf.LayersModel {
  const net = new Layout("two_streams");
  const images = [net.image([8, 8, 3], "frame"), net.image([8, 8, 4], "flow")];
  const [frame, flow] = images.map((image) => net.unit(net.unit(image, 5), 4));
  return net.model(images, net.head(net.unit(net.add(frame, flow), 6)));
}

Deno.test("two convolutions, Flatten, Dense: all but the first are decided about", async () => {
  for (const shared of ["select", "couple"] as const) {
    const { modes, units } = await readersOf(tutorialNetwork(), shared);
    assert.deepEqual(units, ["conv2", "dense1"]);
    assert.deepEqual(modes, {
      conv1: "it reads image1, an input of the model",
      conv2: "private",
      dense1: "private",
    });
  }
});

Deno.test("a first convolution that reads a Dense layer's output is cut like any other, and the last is", async () => {
  const { modes } = await readersOf(generator(), "select");
  assert.deepEqual(modes, {
    dense1: "it reads noise, an input of the model",
    conv1: "private",
    conv2: "private",
    conv3: "private",
  });
});

Deno.test("every layer that reads an input of the model stays whole", async () => {
  for (const shared of ["select", "couple"] as const) {
    const { modes } = await readersOf(twoStreams(), shared);
    const whole = Object.entries(modes).filter(([, mode]) => /an input of the model/.test(mode));
    assert.equal(whole.length, 2);
    assert.deepEqual(
      new Set(whole.map(([, reason]) => reason)),
      new Set(["frame", "flow"].map((name) => `it reads ${name}, an input of the model`)),
    );
  }
});

Deno.test("a Dense layer does not select among channels that others read", async () => {
  const build = () => {
    const net = new Layout("two_heads");
    const image = net.image();
    const shared = net.globalPool(net.unit(net.unit(image, 5), 6));
    return net.model(image, [net.dense(shared, 4), net.dense(net.dense(shared, 5), 2)]);
  };
  const selecting = await readersOf(build(), "select");
  assert.match(selecting.modes.dense1, /Dense layers do not select/);
  assert.equal(selecting.modes.dense3, "private");
  const coupling = await readersOf(build(), "couple");
  assert.deepEqual([coupling.modes.dense1, coupling.modes.dense2], ["couple", "couple"]);
});
