import type { LayerConfig } from "../../../../model/mod.ts";
import type { NodeCall, Operator } from "../node_call.ts";
import type { Feature } from "../../values.ts";

/** How the channels of a block are numbered: all channels of a place behind one another, or all places of a channel. */
type Numbering = (block: number, channels: number, place: number, channel: number) => number;

const PLACES_FIRST: Numbering = (_, channels, place, channel) => place * channels + channel;
const CHANNELS_FIRST: Numbering = (block, _, place, channel) => channel * block * block + place;

/** DepthToSpace: a frozen transposed convolution that puts every channel of a block into its place. */
function importDepthToSpace(call: NodeCall): Feature {
  const value = call.maps();
  const block = readBlock(call), mode = call.text("mode", "DCR");
  const channels = value.shape[0] / block ** 2;
  if (!Number.isSafeInteger(channels) || mode !== "DCR" && mode !== "CRD") {
    throw call.refusal(
      `makes blocks of ${block} × ${block} from ${value.shape[0]} channels in mode ${mode}, ` +
        `wanted as many channels for every place, and mode DCR or CRD`,
    );
  }
  const numbering = mode === "DCR" ? PLACES_FIRST : CHANNELS_FIRST;
  const inputs = value.shape[0];
  const kernel = fillKernel(call, block, [channels, inputs], (place, channel) => {
    const input = numbering(block, channels, place, channel);
    return (place * channels + channel) * inputs + input;
  });
  const config = { ...describeBlock(block), filters: channels };
  const shape = [channels, ...value.shape.slice(1).map((size) => size && (size as number) * block)];
  const layer = call.addLayer("Conv2DTranspose", [value], config, { kernel });
  return call.result(layer, value, { shape });
}

/** SpaceToDepth: a frozen convolution that puts every place of a block into a channel of its own. */
function importSpaceToDepth(call: NodeCall): Feature {
  const value = call.maps();
  const block = readBlock(call);
  const [channels, ...size] = value.shape;
  if (size.some((extent) => extent !== null && (extent as number) % block !== 0)) {
    throw call.refusal(`cuts [${size.join(", ")}] into blocks of ${block}, wanted whole ones`);
  }
  const outputs = channels * block ** 2;
  const kernel = fillKernel(call, block, [channels, outputs], (place, channel) => {
    const output = PLACES_FIRST(block, channels, place, channel);
    return (place * channels + channel) * outputs + output;
  });
  const config = { ...describeBlock(block), filters: outputs, dilation_rate: [1, 1] };
  const shape = [outputs, ...size.map((extent) => extent && (extent as number) / block)];
  return call.result(call.addLayer("Conv2D", [value], config, { kernel }), value, { shape });
}

function readBlock(call: NodeCall): number {
  const block = call.number("blocksize", 0);
  if (Number.isSafeInteger(block) && block >= 1) return block;
  throw call.refusal(`has blocksize ${block}, wanted 1 or more`);
}

function describeBlock(block: number): LayerConfig {
  return {
    trainable: false,
    kernel_size: [block, block],
    strides: [block, block],
    padding: "valid",
    data_format: "channels_last",
    activation: "linear",
    use_bias: false,
  };
}

/** A kernel of zeros, and ones where the places of a block say so. */
function fillKernel(
  call: NodeCall,
  block: number,
  [few, many]: readonly [number, number],
  find: (place: number, channel: number) => number,
) {
  const count = block ** 2 * few * many;
  call.requireModest(count, "a kernel");
  const values = new Float32Array(count);
  for (let place = 0; place < block ** 2; place++) {
    for (let channel = 0; channel < few; channel++) values[find(place, channel)] = 1;
  }
  return { shape: [block, block, few, many], values };
}

/** Operations that move values between channels and positions, block by block. */
export const blockOperators: Readonly<Record<string, Operator>> = {
  DepthToSpace: importDepthToSpace,
  SpaceToDepth: importSpaceToDepth,
};
