import * as tf from "@tensorflow/tfjs";
import { LayOut, type Symbolic } from "./blocks.ts";
import type { RealNetwork } from "./networks.ts";

/** Networks of small images whose layers read what many others make, by name. */
export const DENSE_NETWORKS: Readonly<Record<string, RealNetwork>> = {
  "densenet-bc-40": { size: 32, file: "densenet-bc-40", layOut: layOutDenseNet },
  "residual-dense": { size: 32, file: "residual-dense", layOut: layOutResidualDense },
  "unet-small": { size: 64, file: "unet-small", layOut: layOutSmallUNet },
  squeezenet: { size: 64, file: "squeezenet", layOut: layOutSqueezeNet },
  inception: { size: 32, file: "inception", layOut: layOutInception },
};

/** Huang et al. 2017 (arXiv 1608.06993), DenseNet-BC of 40 layers and growth 12 for images of 32×32. */
function layOutDenseNet(image: Symbolic): Symbolic {
  const net = new LayOut();
  let x = net.convolution(image, 24);
  for (let block = 0; block < 3; block++) {
    for (let layer = 0; layer < 6; layer++) {
      x = net.concatenate([x, net.preBlock(net.preBlock(x, 48, 1), 12)]);
    }
    if (block === 2) break;
    const half = Math.floor(x.shape.at(-1)! / 2);
    x = tf.layers.averagePooling2d({ name: `transition${block}`, poolSize: 2 })
      .apply(net.preBlock(x, half, 1)) as Symbolic;
  }
  return classify(net, x);
}

/** Zhang et al. 2018 (arXiv 1802.08797) with three blocks of six layers, 32 channels and growth 16, before upscaling. */
function layOutResidualDense(image: Symbolic): Symbolic {
  const net = new LayOut();
  const shallow = net.convolution(image, 32);
  let x = net.convolution(shallow, 32);
  const blocks: Symbolic[] = [];
  for (let block = 0; block < 3; block++) {
    let dense = x;
    for (let layer = 0; layer < 6; layer++) {
      dense = net.concatenate([dense, net.convolution(dense, 16, 3, "relu")]);
    }
    x = net.add([net.convolution(dense, 32, 1), x]);
    blocks.push(x);
  }
  const fused = net.convolution(net.convolution(net.concatenate(blocks), 32, 1), 32);
  return net.convolution(net.add([fused, shallow]), 3);
}

/** Ronneberger et al. 2015 (arXiv 1505.04597) with 12 to 96 channels. */
function layOutSmallUNet(image: Symbolic): Symbolic {
  const net = new LayOut();
  const twice = (x: Symbolic, width: number) =>
    net.block(net.block(x, width, { activation: "relu" }), width, { activation: "relu" });
  const skips: Symbolic[] = [];
  let x = image;
  for (const width of [12, 24, 48]) {
    skips.push(twice(x, width));
    x = net.maxPool(skips.at(-1)!, 2, 2);
  }
  x = twice(x, 96);
  for (const width of [48, 24, 12]) {
    const up = net.block(net.upSample(x), width, { kernel: 2, activation: "relu" });
    x = twice(net.concatenate([skips.pop()!, up]), width);
  }
  return net.convolution(x, 1, 1);
}

/** Iandola et al. 2016 (arXiv 1602.07360), version 1.1 at half the width, a skip around every second fire module. */
function layOutSqueezeNet(image: Symbolic): Symbolic {
  const net = new LayOut();
  const fire = (x: Symbolic, width: number) => {
    const squeezed = net.convolution(x, width, 1, "relu");
    return net.concatenate([
      net.convolution(squeezed, 4 * width, 1, "relu"),
      net.convolution(squeezed, 4 * width, 3, "relu"),
    ]);
  };
  let x = net.maxPool(net.convolution(image, 32, 3, "relu"), 3, 2);
  for (const [stage, width] of [8, 16, 24, 32].entries()) {
    const first = fire(x, width);
    x = net.add([fire(first, width), first], "relu");
    if (stage < 2) x = net.maxPool(x, 3, 2);
  }
  return classify(net, x);
}

/** Szegedy et al. 2015 (arXiv 1409.4842): four blocks, with BatchNormalization, at a quarter of the width. */
function layOutInception(image: Symbolic): Symbolic {
  const net = new LayOut();
  const unit = (x: Symbolic, width: number, kernel: number) =>
    net.block(x, width, { kernel, activation: "relu" });
  let x = unit(image, 32, 3);
  for (const [index, width] of [8, 12, 16, 20].entries()) {
    x = net.concatenate([
      unit(x, 2 * width, 1),
      unit(unit(x, 2 * width, 1), 3 * width, 3),
      unit(unit(x, width, 1), width, 5),
      unit(net.maxPool(x, 3, 1), width, 1),
    ]);
    if (index === 1) x = net.maxPool(x, 3, 2);
  }
  return classify(net, x);
}

function classify(net: LayOut, x: Symbolic): Symbolic {
  const pooled = tf.layers.globalAveragePooling2d({ name: "average" })
    .apply(net.activation(x, "relu")) as Symbolic;
  return net.dense(pooled, 10, "softmax");
}
