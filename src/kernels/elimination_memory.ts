import type { Kernels } from "./load.ts";

const F64_BYTES = 8;
const F32_BYTES = 4;
const I32_BYTES = 4;

/** What an elimination's memory is reserved for. */
interface EliminationSize {
  /** Rows of H. */
  readonly d: number;
  /** Columns of W*. */
  readonly n: number;
  /** The groups, with the rows of each. */
  readonly groups: readonly { readonly rows: number }[];
  /** Rows of V that may wait, at least. */
  readonly waiting: number;
  /** Whether H itself is there. Default true. */
  readonly hasInverse?: boolean;
}

/** Addresses of the state and the scratch of one elimination. */
interface Addresses {
  /** H, d × d, upper triangle, without what waits. */
  inverse: number;
  /** W*, d × n. */
  fitted: number;
  /** The old weights, d × n f32. */
  old: number;
  /** H_gg of every group, up to date. */
  blocks: number;
  /** Rows of V that wait, in panels of four columns. */
  pending: number;
  /** The groups that are left, four i32 each. */
  table: number;
  /** One f64 per group. */
  costs: number;
  /** One f64 per group. */
  distances: number;
  /** Rows to keep, d i32. */
  rows: number;
  workspace: number;
}

/** The piece of the backend's heap that an elimination lives on. */
export class EliminationMemory {
  /** The addresses. */
  readonly at: Readonly<Addresses>;
  /** Rows that may wait. */
  readonly capacity: number;
  /** Rows of the largest group. */
  readonly groupRows: number;
  /** Number of groups. */
  readonly groupCount: number;
  readonly #kernels: Kernels;

  /**
   * @param kernels The kernels.
   * @param size What to reserve for.
   * @throws {InputError} When the heap cannot grow that far.
   */
  constructor(kernels: Kernels, { d, n, groups, waiting, hasInverse = true }: EliminationSize) {
    const { wasm, memory } = kernels;
    this.#kernels = kernels;
    this.groupCount = groups.length;
    this.groupRows = groups.reduce((most, { rows }) => Math.max(most, rows), 1);
    this.capacity = Math.max(this.groupRows, waiting);
    const blocks = groups.reduce((sum, { rows }) => sum + rows * rows, 0);
    const panels = Math.ceil(d / 4);
    const bytes: Addresses = {
      inverse: hasInverse ? d * d * F64_BYTES : 0,
      fitted: d * n * F64_BYTES,
      old: d * n * F32_BYTES,
      blocks: blocks * F64_BYTES,
      pending: panels * 4 * this.capacity * F64_BYTES,
      table: 4 * groups.length * I32_BYTES,
      costs: groups.length * F64_BYTES,
      distances: groups.length * F64_BYTES,
      rows: d * I32_BYTES,
      workspace: wasm.eliminationWorkspaceBytes(d, n, this.groupRows, this.capacity),
    };
    const at: Partial<Addresses> = {};
    try {
      for (const name of Object.keys(bytes) as (keyof Addresses)[]) {
        at[name] = memory.malloc(bytes[name]);
      }
    } catch (error) {
      for (const pointer of Object.values(at)) memory.free(pointer);
      throw error;
    }
    this.at = at as Addresses;
  }

  /** Gives the memory back. */
  dispose(): void {
    for (const pointer of Object.values(this.at)) this.#kernels.memory.free(pointer);
  }
}
