/** The PyTorch side of train_bench.ts: train_torch.py, asked for one training step at a time. */
import type { LayerGraph } from "../src/graph/layer_graph.ts";
import type { ParameterLayout } from "../src/execution/training/parameters.ts";
import { AskedChild, readFloats, writeArray } from "./asked_child.ts";

/** What PyTorch trains, the same as ours. */
export interface TorchTask {
  readonly graph: LayerGraph;
  readonly layout: ParameterLayout;
  /** Flat weights. */
  readonly weights: Float32Array;
  /** Preprocessed images, N × H × W × C. */
  readonly images: Float32Array;
  readonly shape: readonly number[];
  readonly labels: Int32Array;
  readonly optimizer: {
    readonly learningRate: number;
    readonly momentum: number;
    readonly weightDecay: number;
  };
}

/** Losses and flat gradients in f32, and as computed in f64. */
export interface TorchGradients {
  readonly loss: { readonly gradients: number; readonly exact: number };
  readonly gradients: Float32Array;
  readonly exact: Float32Array;
}

/** PyTorch with a network and a batch, on one thread. */
export class TorchTraining {
  readonly #folder: string;
  readonly #child: AskedChild;

  private constructor(folder: string, child: AskedChild) {
    this.#folder = folder;
    this.#child = child;
  }

  /**
   * Starts PyTorch.
   *
   * @param task What it trains.
   * @returns The process; undefined where there is no Python with PyTorch.
   */
  static async start(task: TorchTask): Promise<TorchTraining | undefined> {
    const folder = Deno.makeTempDirSync();
    writeTask(folder, task);
    const args = [new URL("train_torch.py", import.meta.url).pathname, folder];
    const env = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
    for (const python of ["/usr/bin/python3", "python3"]) {
      const child = await AskedChild.start(python, { args, env });
      if (child) return new TorchTraining(folder, child);
    }
    Deno.removeSync(folder, { recursive: true });
  }

  /** What runs. */
  get versions(): string {
    return this.#child.greeting.versions;
  }

  /** Takes a step, and gives its seconds, those of the processor, and its loss. */
  async step(): Promise<{ seconds: number; cpu: number; loss: number }> {
    return await this.#child.ask("step");
  }

  /**
   * Loss and gradients at other weights than those that the steps change.
   *
   * @param weights Flat weights.
   */
  async gradients(weights: Float32Array): Promise<TorchGradients> {
    writeArray(`${this.#folder}/weights.f32`, weights);
    const loss = await this.#child.ask<TorchGradients["loss"]>("gradients");
    const [gradients, exact] = ["gradients", "exact"].map((name) =>
      readFloats(`${this.#folder}/${name}.f32`)
    );
    return { loss, gradients, exact };
  }

  /** Ends the process. */
  async close(): Promise<void> {
    await this.#child.close();
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

function writeTask(folder: string, task: TorchTask): void {
  const { graph, layout, weights, images, labels, shape, optimizer } = task;
  const nodes = graph.nodes.map(({ key, className, inputs, config }) => ({
    key,
    className,
    inputs,
    config,
  }));
  const [input, output] = [graph.inputs[0], graph.outputs[0]];
  const description = { nodes, input, output, shape, optimizer, ...layout };
  Deno.writeTextFileSync(`${folder}/network.json`, JSON.stringify(description));
  writeArray(`${folder}/weights.f32`, weights);
  writeArray(`${folder}/images.f32`, images);
  writeArray(`${folder}/labels.i32`, labels);
}
