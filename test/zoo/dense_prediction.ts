import type * as tf from "@tensorflow/tfjs";
import { Layout, type Symbolic } from "./layout.ts";

/** U-Net: what goes down is joined to what comes up. */
export function uNet(): tf.LayersModel {
  const net = new Layout("u_net");
  const image = net.image();
  const top = net.unit(net.unit(image, 4), 4);
  const middle = net.unit(net.maxPool(top), 6);
  const bottom = net.unit(net.maxPool(middle), 8);
  const risen = net.unit(net.concat(net.up(bottom), middle), 6);
  const whole = net.unit(net.concat(net.up(risen), top), 5);
  return net.model(image, net.conv(whole, 2, { kernel: 1, bias: true, activation: "sigmoid" }));
}

/** The same with transposed convolutions on the way up. */
export function transposedUNet(): tf.LayersModel {
  const net = new Layout("transposed_u_net");
  const image = net.image();
  const top = net.unit(image, 4);
  const middle = net.unit(net.maxPool(top), 6);
  const bottom = net.unit(net.maxPool(middle), 8);
  const risen = net.unit(net.concat(net.transposed(bottom, 5, { kernel: 2 }), middle), 6);
  const whole = net.unit(net.concat(net.transposed(risen, 4, { bias: true }), top), 5);
  return net.model(image, net.conv(whole, 2, { kernel: 1, bias: true }));
}

/** U-Net without padding: what is joined is cropped first. */
export function croppedUNet(): tf.LayersModel {
  const net = new Layout("cropped_u_net");
  const image = net.image([12, 12, 3]);
  const valid = { padding: "valid" } as const;
  const top = net.unit(net.unit(image, 4, valid), 5, valid);
  const bottom = net.unit(net.maxPool(top), 6, valid);
  const whole = net.unit(net.concat(net.up(bottom), net.crop(top, 2)), 5, valid);
  return net.model(image, net.conv(whole, 2, { kernel: 1 }));
}

/** An autoencoder of strided and transposed convolutions, between two plain ones. */
export function autoencoder(): tf.LayersModel {
  const net = new Layout("autoencoder");
  const image = net.image();
  const code = net.unit(net.unit(net.conv(image, 4), 6, { strides: 2 }), 4, { strides: 2 });
  const risen = net.relu(net.norm(net.transposed(code, 6)));
  const whole = net.transposed(risen, 5, { kernel: 4, bias: true, activation: "relu" });
  return net.model(image, net.conv(whole, 3, { activation: "sigmoid" }));
}

/** A residual block of transposed convolutions: one is the projection beside the other. */
export function transposedResidual(): tf.LayersModel {
  const net = new Layout("transposed_residual");
  const image = net.image();
  const x = net.unit(net.unit(image, 5, { strides: 2 }), 6);
  const risen = net.relu(net.norm(net.transposed(x, 5)));
  const branch = net.norm(net.conv(risen, 7));
  const projection = net.norm(net.transposed(x, 7, { kernel: 2 }));
  const y = net.unit(net.relu(net.add(branch, projection)), 6);
  return net.model(image, net.conv(y, 2));
}

/** A stacked hourglass: down and up again around a residual connection. */
export function hourglass(): tf.LayersModel {
  const net = new Layout("hourglass");
  const image = net.image();
  const stem = net.unit(image, 6);
  const down = net.unit(net.maxPool(stem), 6);
  const deeper = net.unit(net.unit(net.maxPool(down), 8), 6);
  const up = net.up(net.add(net.up(deeper), net.unit(down, 6)));
  const x = net.unit(net.add(up, net.unit(stem, 6)), 5);
  return net.model(image, net.conv(x, 3, { kernel: 1 }));
}

/** A feature pyramid: lateral 1×1 convolutions, summed on the way up, three outputs of other sizes. */
export function featurePyramid(): tf.LayersModel {
  const net = new Layout("feature_pyramid");
  const image = net.image();
  const first = net.unit(image, 5);
  const second = net.unit(first, 6, { strides: 2 });
  const third = net.unit(second, 8, { strides: 2 });
  const lateral = (x: Symbolic) => net.conv(x, 6, { kernel: 1, bias: true });
  const low = lateral(third);
  const middle = net.add(net.up(low), lateral(second));
  const high = net.add(net.up(middle), lateral(first));
  return net.model(image, [low, middle, high].map((x) => net.conv(net.unit(x, 5), 2)));
}

/** Spatial attention: one channel scales all others. */
export function spatialAttention(): tf.LayersModel {
  const net = new Layout("spatial_attention");
  const image = net.image();
  const x = net.unit(net.unit(image, 5), 6);
  const attention = net.conv(net.unit(x, 4), 1, { bias: true, activation: "sigmoid" });
  const y = net.unit(net.multiply(x, attention), 6);
  return net.model(image, net.head(net.conv(y, 5)));
}

/** Channel attention by a vector that meets the map without a Reshape. */
export function vectorAttention(): tf.LayersModel {
  const net = new Layout("vector_attention");
  const image = net.image();
  const x = net.unit(net.unit(image, 5), 6);
  const gate = net.dense(net.dense(net.globalPool(x), 3, "relu"), 6, "sigmoid");
  const y = net.unit(net.multiply(x, gate), 6);
  return net.model(image, net.head(net.conv(y, 5)));
}
