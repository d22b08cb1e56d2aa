import * as tf from "@tensorflow/tfjs";
import { LayOut, type Symbolic } from "./blocks.ts";

/** A network of real size. */
export interface RealNetwork {
  /** Rows and columns of its images. */
  readonly size: number;
  /** File that it is kept in: a folder for a layers model, or a name that ends in `.onnx`. */
  readonly file: string;
  /** Builds it with random weights. */
  readonly layOut: (image: Symbolic) => Symbolic | Symbolic[];
}

/** The networks by name. */
export const REAL_NETWORKS: Readonly<Record<string, RealNetwork>> = {
  resnet50: { size: 224, file: "resnet50", layOut: layOutResNet50 },
  "mobilenet-v2": { size: 224, file: "mobilenet-v2", layOut: layOutMobileNetV2 },
  vgg16: { size: 224, file: "vgg16", layOut: layOutVgg16 },
  unet: { size: 512, file: "unet", layOut: (image) => layOutUNet(image) },
  yolo: { size: 640, file: "yolo.onnx", layOut: layOutYolo },
};

const CLASSES = 1000;

/** He et al. 2016 (arXiv 1512.03385), strides in the 3×3 convolutions: 25.6 million parameters. */
function layOutResNet50(image: Symbolic): Symbolic {
  const net = new LayOut();
  let x = net.block(image, 64, { kernel: 7, strides: 2, activation: "relu" });
  x = net.maxPool(x, 3, 2);
  [3, 4, 6, 3].forEach((blocks, stage) => {
    const width = 64 * 2 ** stage;
    for (let block = 0; block < blocks; block++) {
      const strides = block === 0 && stage > 0 ? 2 : 1;
      const inside = net.block(x, width, { kernel: 1, activation: "relu" });
      const middle = net.block(inside, width, { strides, activation: "relu" });
      const branch = net.block(middle, 4 * width, { kernel: 1 });
      const shortcut = block === 0 ? net.block(x, 4 * width, { kernel: 1, strides }) : x;
      x = net.add([branch, shortcut], "relu");
    }
  });
  return classify(net, x);
}

/** Sandler et al. 2018 (arXiv 1801.04381), width 1.0: 3.5 million parameters. */
function layOutMobileNetV2(image: Symbolic): Symbolic {
  const net = new LayOut();
  let x = net.block(image, 32, { strides: 2, activation: "relu6" });
  let width = 32;
  const stages = [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ];
  for (const [expansion, channels, blocks, firstStrides] of stages) {
    for (let block = 0; block < blocks; block++) {
      const strides = block === 0 ? firstStrides : 1;
      const wide = expansion === 1
        ? x
        : net.block(x, expansion * width, { kernel: 1, activation: "relu6" });
      const narrow = net.block(net.depthwise(wide, strides), channels, { kernel: 1 });
      x = strides === 1 && width === channels ? net.add([x, narrow]) : narrow;
      width = channels;
    }
  }
  return classify(net, net.block(x, 1280, { kernel: 1, activation: "relu6" }));
}

/** Simonyan and Zisserman 2014 (arXiv 1409.1556), configuration D: 138 million parameters. */
function layOutVgg16(image: Symbolic): Symbolic {
  const net = new LayOut();
  let x = image;
  for (const [width, convolutions] of [[64, 2], [128, 2], [256, 3], [512, 3], [512, 3]]) {
    for (let index = 0; index < convolutions; index++) x = net.convolution(x, width, 3, "relu");
    x = net.maxPool(x, 2, 2);
  }
  const flat = tf.layers.flatten({ name: "flatten" }).apply(x) as Symbolic;
  const hidden = net.dense(net.dense(flat, 4096, "relu"), 4096, "relu");
  return net.dense(hidden, CLASSES, "softmax");
}

/**
 * Ronneberger et al. 2015 (arXiv 1505.04597), by default with 32 to 512 channels: 7.8 million parameters.
 *
 * @param image The image.
 * @param channels Channels of the first convolution.
 * @returns A map of one channel.
 */
export function layOutUNet(image: Symbolic, channels = 32): Symbolic {
  const net = new LayOut();
  const twice = (x: Symbolic, width: number) =>
    net.block(net.block(x, width, { activation: "relu" }), width, { activation: "relu" });
  const skips: Symbolic[] = [];
  let x = image;
  const widths = [1, 2, 4, 8].map((factor) => factor * channels);
  for (const width of widths) {
    skips.push(twice(x, width));
    x = net.maxPool(skips.at(-1)!, 2, 2);
  }
  x = twice(x, 16 * channels);
  for (const width of widths.toReversed()) {
    const up = net.block(net.upSample(x), width, { kernel: 2, activation: "relu" });
    x = twice(net.concatenate([skips.pop()!, up]), width);
  }
  return net.convolution(x, 1, 1);
}

/** A detector with cross-stage blocks, pyramid pooling and a path aggregation neck, as YOLOv8n: 3 million parameters. */
function layOutYolo(image: Symbolic): Symbolic[] {
  const net = new LayOut();
  const block = (x: Symbolic, filters: number, kernel = 3, strides = 1) =>
    net.block(x, filters, { kernel, strides, activation: "swish" });
  const crossStage = (x: Symbolic, filters: number, depth: number, isResidual: boolean) => {
    const half = filters / 2;
    const parts = [block(x, half, 1), block(x, half, 1)];
    for (let index = 0; index < depth; index++) {
      const last = parts.at(-1)!;
      const branch = block(block(last, half), half);
      parts.push(isResidual ? net.add([last, branch]) : branch);
    }
    return block(net.concatenate(parts), filters, 1);
  };
  const pyramidPool = (x: Symbolic, filters: number) => {
    const pools = [block(x, filters / 2, 1)];
    for (let index = 0; index < 3; index++) pools.push(net.maxPool(pools.at(-1)!, 5, 1));
    return block(net.concatenate(pools), filters, 1);
  };
  const head = (x: Symbolic) => {
    const boxes = net.convolution(block(block(x, 64), 64), 64, 1);
    const scores = net.convolution(block(block(x, 80), 80), 80, 1);
    return [boxes, scores];
  };

  const stem = block(block(image, 16, 3, 2), 32, 3, 2);
  const fine = crossStage(block(crossStage(stem, 32, 1, true), 64, 3, 2), 64, 2, true);
  const middle = crossStage(block(fine, 128, 3, 2), 128, 2, true);
  const coarse = pyramidPool(crossStage(block(middle, 256, 3, 2), 256, 1, true), 256);
  const up1 = crossStage(net.concatenate([net.upSample(coarse), middle]), 128, 1, false);
  const up2 = crossStage(net.concatenate([net.upSample(up1), fine]), 64, 1, false);
  const down1 = crossStage(net.concatenate([block(up2, 64, 3, 2), up1]), 128, 1, false);
  const down2 = crossStage(net.concatenate([block(down1, 128, 3, 2), coarse]), 256, 1, false);
  return [up2, down1, down2].flatMap(head);
}

function classify(net: LayOut, x: Symbolic): Symbolic {
  const pooled = tf.layers.globalAveragePooling2d({ name: "average" }).apply(x) as Symbolic;
  return net.dense(pooled, CLASSES, "softmax");
}
