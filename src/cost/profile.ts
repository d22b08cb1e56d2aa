import type { Notice } from "../base/mod.ts";
import type { LayerGraph } from "../graph/mod.ts";
import type { LatencyConditions } from "./latency_table.ts";
import { layerCost, networkCost } from "./layer_cost.ts";

/** What a layer costs for one image. */
export interface LayerProfile {
  /** Name of the layer, with `@i` behind it for further calls. */
  readonly name: string;
  /** Its class, such as `Conv2D`. */
  readonly className: string;
  /** Shape of its output without the batch, such as height × width × channels; null where it is not fixed. */
  readonly outputShape: readonly (number | null)[];
  /** Multiply–accumulates. */
  readonly macs: number;
  /** Number of weights, moving statistics included. */
  readonly params: number;
  /** Milliseconds on stock tfjs-wasm when it runs alone; absent where they were not measured. */
  readonly milliseconds?: number;
}

/** What a network costs for one image. */
export interface NetworkProfile {
  /** Its layers in graph order, without inputs. */
  readonly layers: readonly LayerProfile[];
  /** Multiply–accumulates. */
  readonly macs: number;
  /** Of these, those of all but Dense layers. */
  readonly convMacs: number;
  /** Number of weights of all layers, moving statistics included. */
  readonly params: number;
  /** Milliseconds of `model.predict` on stock tfjs-wasm, the median; absent where they were not measured. */
  readonly milliseconds?: number;
}

/** What a network costs, before and after. */
export interface RunProfile {
  /** The network as it was given; absent for a new one. */
  readonly before?: NetworkProfile;
  /** The network as it is written. */
  readonly after: NetworkProfile;
  /** Shapes of the inputs that all is counted for, without the batch, where the model leaves sizes open. */
  readonly countedFor?: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** How times were measured; absent where none were. */
  readonly latency?: {
    /** Images in every timed prediction; the times are divided by it. */
    readonly batchSize: number;
    /** What they were measured with. */
    readonly conditions: LatencyConditions;
  };
  /** Why times are missing that were asked for. */
  readonly latencyFailure?: Notice;
}

/** Milliseconds of a batch: of every layer by its key, and of the whole network. */
export interface BatchTimes {
  /** Images of the batch. */
  readonly batchSize: number;
  /** Every layer by itself. */
  readonly layers: ReadonlyMap<string, number>;
  /** All of them. */
  readonly whole: number;
}

/**
 * Lists what the layers of a network cost.
 *
 * @param graph The network.
 * @param times What was measured, if anything was.
 * @returns The profile.
 */
export function profileGraph(graph: LayerGraph, times?: BatchTimes): NetworkProfile {
  const perImage = (milliseconds?: number) =>
    milliseconds === undefined ? undefined : milliseconds / times!.batchSize;
  const layers = graph.nodes
    .filter(({ className }) => className !== "InputLayer")
    .map((node): LayerProfile => ({
      name: node.key,
      className: node.className,
      outputShape: node.outputShape,
      ...layerCost(node),
      milliseconds: perImage(times?.layers.get(node.key)),
    }));
  return { layers, ...networkCost(graph), milliseconds: perImage(times?.whole) };
}
