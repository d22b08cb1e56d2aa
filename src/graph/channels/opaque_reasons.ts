import { ownValue } from "../../base/mod.ts";
import type { LayerNode } from "../layer_graph.ts";

const RECURRENT = "is recurrent: its channels are read at the next step";
const WRAPPER = "wraps another layer, which is not looked into";
const VOLUME = "has three spatial axes, and convolutions are cut with one or two";
const NESTED = "is a nested model that could not be taken apart";

/** Why layers of these classes stay as they are, and all that touches them. */
const REASONS: Readonly<Record<string, string>> = {
  Bidirectional: WRAPPER,
  Conv3D: VOLUME,
  Conv3DTranspose: VOLUME,
  ConvLSTM2D: RECURRENT,
  Dot: "multiplies channels with channels",
  Embedding: "looks its channels up in a table",
  Functional: NESTED,
  GRU: RECURRENT,
  LSTM: RECURRENT,
  Masking: "masks positions by all their channels",
  Model: NESTED,
  MultiHeadAttention: "mixes channels and positions",
  RNN: RECURRENT,
  SeparableConv2D: "is dilated, and as two layers it could not be",
  Sequential: NESTED,
  SimpleRNN: RECURRENT,
  TimeDistributed: WRAPPER,
};

/** Why a layer that has no rule stays as it is. */
export function opaqueReason({ className, name }: LayerNode): string {
  return `${className} layer ${name} ${ownValue(REASONS, className) ?? "is not understood"}`;
}
