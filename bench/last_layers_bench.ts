/**
 * What it is worth that the last convolution and Dense layers may be cut: a budget with them, and the same budget while
 * they are skipped, as it was when only inner convolutions could be cut.
 *
 *     deno run --allow-read bench/last_layers_bench.ts [share,…] [seed] [NAME …]
 *
 * Data: the 5,000 training images of cli/example/fashion-mnist, 28×28. One network is trained on them first; the others
 * have random weights (He et al. 2015), and their outputs are compared with those of the original. Nothing is tuned
 * after the cuts. Figures are of the test images.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { prune } from "../src/api/prune.ts";
import { finetune } from "../src/api/tune.ts";
import { startBackend } from "../src/kernels/mod.ts";
import { captureModel, disposeModel, type ModelFile } from "../src/model/mod.ts";
import { LayOut, type Symbolic } from "./real_networks/blocks.ts";
import { formatTable } from "./timing.ts";

const [shares = "0.5", seed = "0", ...chosen] = Deno.args;
const DATA = "cli/example/fashion-mnist";
const CLASSES = [..."0123456789"];
const PREPROCESS = { scale: 1, mean: [127.5], std: [63.75], inputSize: [28, 28] };

/** Layers one behind the other, without BatchNormalization. */
class Stack extends LayOut {
  inner(x: Symbolic, widths: readonly number[]): Symbolic {
    return widths.reduce((y, width) => this.convolution(y, width, 3, "relu"), x);
  }

  flatten(x: Symbolic): Symbolic {
    return tf.layers.flatten({ name: "flatten" }).apply(x) as Symbolic;
  }

  reshape(x: Symbolic, targetShape: number[]): Symbolic {
    return tf.layers.reshape({ name: "reshape", targetShape }).apply(x) as Symbolic;
  }
}

/** The networks; the first classifies and is trained. */
const NETWORKS: Readonly<Record<string, (net: Stack, image: Symbolic) => Symbolic>> = {
  /** Two convolutions, Flatten, Dense: the network of every tutorial. */
  tutorial: (net, image) => {
    const first = net.maxPool(net.inner(image, [16]), 2, 2);
    const second = net.maxPool(net.inner(first, [32]), 2, 2);
    return net.dense(net.dense(net.flatten(second), 64, "relu"), CLASSES.length, "softmax");
  },
  /** A map of one channel behind an encoder and a decoder. */
  segmenter: (net, image) => {
    const coarse = net.inner(net.maxPool(net.inner(image, [12, 16]), 2, 2), [24, 24]);
    return net.convolution(net.inner(net.upSample(coarse), [16]), 1);
  },
  /** Four values for every pixel, which become four pixels, behind a residual body. */
  upscaler: (net, image) => {
    const head = net.inner(image, [24]);
    const body = net.convolution(net.inner(head, [24, 24]), 24);
    return net.convolution(net.add([body, head]), 4);
  },
  /** Boxes and classes for every cell of a coarse map. */
  detector: (net, image) => {
    const shallow = net.maxPool(net.inner(image, [12, 16]), 2, 2);
    const deep = net.maxPool(net.inner(shallow, [24, 32]), 2, 2);
    return net.convolution(net.inner(deep, [32]), 40);
  },
  /** Maps, a vector, and maps again. */
  autoencoder: (net, image) => {
    const small = net.maxPool(net.inner(net.maxPool(net.inner(image, [12]), 2, 2), [16]), 2, 2);
    const code = net.dense(net.dense(net.flatten(small), 48, "relu"), 7 * 7 * 8, "relu");
    const maps = net.inner(net.upSample(net.reshape(code, [7, 7, 8])), [16]);
    return net.convolution(net.inner(net.upSample(maps), [12]), 1);
  },
};

async function build(name: string): Promise<ModelFile> {
  const image = tf.input({ name: "image", shape: [28, 28, 1] });
  const model = tf.model({ name, inputs: image, outputs: NETWORKS[name](new Stack(), image) });
  const captured = await captureModel(model, { path: name });
  disposeModel(model);
  if (name !== "tutorial") return { ...captured, metadata: { preprocess: PREPROCESS } };
  const metadata = { preprocess: PREPROCESS, classes: CLASSES };
  const schedule = { epochs: 4, learningRate: 0.05, shift: 0, flip: false, seed: Number(seed) };
  const trained = await finetune({
    model: { ...captured, metadata },
    data: DATA,
    workers: 1,
    ...schedule,
  });
  return trained.file;
}

/** Layers that a budget did not decide about before: the last convolution and all Dense ones. */
function formerlyWhole({ topology }: ModelFile): string[] {
  const named = (pattern: RegExp) =>
    topology.config.layers!.filter(({ class_name }) => pattern.test(class_name))
      .map(({ config, name }) => String(name ?? config.name));
  return [...named(/^Conv2D$/).slice(-1), ...named(/^Dense$/)];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

await startBackend();
const rows: Record<string, string>[] = [];
for (const name of chosen.length > 0 ? chosen : Object.keys(NETWORKS)) {
  const model = await build(name);
  for (const share of shares.split(",").map(Number)) {
    for (
      const [what, skip] of [["inner convolutions", formerlyWhole(model)], ["all", []]] as const
    ) {
      const policy = { kind: "budget", share } as const;
      const sampling = { batches: 40, batchSize: 100, seed: Number(seed), workers: 1 };
      const settings = { policy, skip, repair: "layers", ...sampling } as const;
      const figures = await prune({ model, data: DATA, ...settings }).then(
        ({ report: { macs, params, accuracy, outputError } }) => ({
          MACs: (macs.after / macs.before).toFixed(3),
          parameters: (params.after / params.before).toFixed(3),
          lost: accuracy
            ? `accuracy ${percent(accuracy.before)} to ${percent(accuracy.after)}`
            : `${percent(outputError!.after)} of the outputs`,
        }),
        ({ message }: Error) => ({ MACs: "", parameters: "", lost: message }),
      );
      rows.push({ network: name, share: String(share), "may be cut": what, ...figures });
      console.error(Object.values(rows.at(-1)!).join("  "));
    }
  }
}
console.log(formatTable(rows));
