import type { LayerConfig, Weight } from "../../model/mod.ts";

/** One call of a layer, models inside models resolved. */
export interface LayerCall {
  /** Unique name: the layer's, behind the names of the models around it; `@i` behind it for its further calls. */
  readonly name: string;
  /** Name of the layer, the same for all its calls. */
  readonly layer: string;
  /** Keras class. */
  readonly className: string;
  /** Its options. */
  readonly config: LayerConfig;
  /** Calls whose outputs it reads. */
  readonly inputs: readonly LayerCall[];
  /** Its weights by role. */
  readonly weights: ReadonlyMap<string, Weight>;
  /** Whether it reads series as maps of one column, see `widenSeries`. */
  readonly isSeries?: boolean;
}
