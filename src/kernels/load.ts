import packedPlain from "../../build/embedded/kernels_plain.ts";
import packedRelaxed from "../../build/embedded/kernels_relaxed.ts";
import { unpackBytes } from "../base/mod.ts";
import type { ConvolutionExports } from "./conv2d_exports.ts";
import { type BackendMemory, backendMemory } from "./memory.ts";
import type { TrainingExports } from "./training_exports.ts";

/** A build of the kernels: with the fused multiply-add of relaxed SIMD, or with SIMD alone. */
export type KernelBuild = "relaxed" | "plain";

/**
 * What `assembly/index.ts` exports. Addresses, sizes and strides are unchecked: only the wrappers of this folder call
 * these. Parameters are named as in `assembly/`.
 */
export interface KernelExports extends ConvolutionExports, TrainingExports {
  /** Gathers receptive fields; see `assembly/patches.ts`. */
  samplePatches(
    input: number,
    height: number,
    width: number,
    channels: number,
    positions: number,
    count: number,
    kernelHeight: number,
    kernelWidth: number,
    strideHeight: number,
    strideWidth: number,
    dilationHeight: number,
    dilationWidth: number,
    padTop: number,
    padLeft: number,
    patches: number,
  ): void;
  /** Adds a batch to the sums of G, C, X and Y; see `assembly/moments.ts`. */
  accumulateMoments(
    x: number,
    y: number,
    rows: number,
    inputs: number,
    outputs: number,
    gramTiles: number,
    crossTiles: number,
    sumX: number,
    sumY: number,
    sumYY: number,
    workspace: number,
  ): void;
  /** Bytes of workspace of `accumulateMoments`. */
  momentWorkspaceBytes(inputs: number, outputs: number): number;
  /** Bytes of the tiles of G. */
  gramTileBytes(inputs: number): number;
  /** Bytes of the tiles of C. */
  crossTileBytes(inputs: number, outputs: number): number;
  /** Runs the f32 micro-kernel on panels that stay in the nearest cache. */
  gemmF32Tile4x8Peak(
    depth: number,
    a: number,
    b: number,
    sums: number,
    repetitions: number,
  ): void;
  /** Runs the f64 micro-kernel on panels that stay in the nearest cache. */
  gemmF64Tile6x4Peak(
    depth: number,
    a: number,
    b: number,
    tile: number,
    repetitions: number,
  ): void;
  /** Sums G ∘ WWᵀ over taps; see `assembly/lasso.ts`. */
  contractGram(
    gram: number,
    weights: number,
    inputs: number,
    outputs: number,
    positions: number,
    contracted: number,
    workspace: number,
  ): void;
  /** Bytes of workspace of `contractGram`. */
  contractWorkspaceBytes(inputs: number): number;
  /** Begins a walk down the Lasso's path; see `assembly/lasso_path.ts`. */
  startLassoPath(
    quadratic: number,
    linear: number,
    size: number,
    beta: number,
    collinear: number,
    workspace: number,
  ): void;
  /** Goes on with a walk; 0 at its end, 1 when the events are full, 2 after too many steps. */
  followLassoPath(
    workspace: number,
    events: number,
    coefficients: number,
    capacity: number,
  ): number;
  /** λ to which a walk has come. */
  lassoPathLambda(workspace: number): number;
  /** Events of the last call of `followLassoPath`. */
  lassoPathEventCount(workspace: number): number;
  /** Bytes of workspace of a walk. */
  lassoPathWorkspaceBytes(size: number): number;
  /** Factors A = UᵀU in place; 0, or 1 + the row whose pivot failed. */
  choleskyFactor(
    a: number,
    stride: number,
    size: number,
    floor: number,
    workspace: number,
  ): number;
  /** Solves UᵀU X = B in place. */
  choleskySolve(
    u: number,
    strideU: number,
    size: number,
    b: number,
    columns: number,
    workspace: number,
  ): void;
  /** Inverts UᵀU in place. */
  choleskyInvert(u: number, size: number, workspace: number): void;
  /** Bytes of workspace of `choleskyInvert`. */
  choleskyInvertWorkspaceBytes(size: number): number;
  /** residual −= A X for symmetric A. */
  subtractProduct(
    residual: number,
    a: number,
    size: number,
    x: number,
    columns: number,
    workspace: number,
  ): void;
  /** Bytes of workspace of the Cholesky kernels. */
  choleskyWorkspaceBytes(): number;
  /** Drops one group of rows as far as its own rows go; 0, or 1 + the row of the group whose pivot failed. */
  eliminateGroup(
    h: number,
    strideH: number,
    inputs: number,
    w: number,
    outputs: number,
    first: number,
    count: number,
    block: number,
    floor: number,
    pending: number,
    capacity: number,
    waiting: number,
    groupRows: number,
    workspace: number,
  ): number;
  /** Brings the groups that are left up to date, and says what dropping each costs. */
  updateGroups(
    w: number,
    old: number,
    outputs: number,
    table: number,
    groups: number,
    blocks: number,
    floor: number,
    costs: number,
    distances: number,
    pending: number,
    capacity: number,
    waiting: number,
    dropped: number,
    groupRows: number,
    workspace: number,
  ): void;
  /** As `eliminateGroup` where H is known by samples alone. */
  eliminateSampleGroup(
    x: number,
    inputs: number,
    p: number,
    samples: number,
    w: number,
    outputs: number,
    first: number,
    count: number,
    block: number,
    floor: number,
    pending: number,
    capacity: number,
    groupRows: number,
    workspace: number,
    scratch: number,
  ): number;
  /** Diagonal blocks of H where it is known by samples alone. */
  sampleBlocks(
    x: number,
    inputs: number,
    p: number,
    samples: number,
    table: number,
    groups: number,
    blocks: number,
    product: number,
    workspace: number,
  ): void;
  /** Bytes of the scratch of `eliminateSampleGroup`. */
  sampleEliminationWorkspaceBytes(samples: number, groupRows: number): number;
  /** product = AᵀB, or AB, row-major f64. */
  multiplyF64(
    product: number,
    rows: number,
    columns: number,
    depth: number,
    a: number,
    strideA: number,
    leftIsPlain: boolean,
    b: number,
    strideB: number,
    workspace: number,
  ): void;
  /** Bytes of workspace of `multiplyF64`. */
  multiplyF64WorkspaceBytes(): number;
  /** Takes from H what waits. */
  applyElimination(
    h: number,
    strideH: number,
    inputs: number,
    pending: number,
    capacity: number,
    waiting: number,
    workspace: number,
  ): void;
  /** Bytes of workspace of `applyElimination`. */
  applyEliminationWorkspaceBytes(): number;
  /** Moves the kept rows and columns of H, and rows of W and of the old weights, to the front. */
  compactElimination(
    h: number,
    strideH: number,
    w: number,
    old: number,
    outputs: number,
    kept: number,
    count: number,
  ): void;
  /** Bytes of workspace of the other elimination kernels. */
  eliminationWorkspaceBytes(
    inputs: number,
    outputs: number,
    groupRows: number,
    pendingRows: number,
  ): number;
}

/** Kernels that run on the memory of the tfjs WASM backend. */
export interface Kernels {
  /** Which build this is. */
  readonly build: KernelBuild;
  /** The module's exports, unchecked. */
  readonly wasm: KernelExports;
  /** The memory that they share with tfjs. */
  readonly memory: BackendMemory;
}

/** Which kernels to load. */
export interface LoadOptions {
  /** The build; by default the relaxed one where the engine accepts it. */
  readonly build?: KernelBuild;
}

const BYTES: Record<KernelBuild, Uint8Array<ArrayBuffer>> = {
  relaxed: unpackBytes(packedRelaxed),
  plain: unpackBytes(packedPlain),
};

const loaded = new WeakMap<BackendMemory, Map<KernelBuild, Promise<Kernels>>>();

/** Rows and columns of the f32 micro-tile of both builds. */
export const KERNEL_TILE = [4, 8] as const;

/** The build that is taken by default: the relaxed one where the engine accepts it. */
export function preferredBuild(): KernelBuild {
  return WebAssembly.validate(BYTES.relaxed) ? "relaxed" : "plain";
}

/**
 * Instantiates the kernels on the memory of the current tfjs backend, once per build and backend.
 *
 * @param options Which build.
 * @returns The kernels.
 * @throws {TypeError} When the current backend is not WASM; `startBackend()` makes it so.
 */
export function loadKernels(options: LoadOptions = {}): Promise<Kernels> {
  const build = options.build ?? preferredBuild();
  const memory = backendMemory();
  const builds = loaded.get(memory) ?? new Map<KernelBuild, Promise<Kernels>>();
  loaded.set(memory, builds);
  const known = builds.get(build);
  if (known) return known;
  const kernels = instantiate(build, memory);
  builds.set(build, kernels);
  return kernels;
}

async function instantiate(build: KernelBuild, memory: BackendMemory): Promise<Kernels> {
  const { instance } = await WebAssembly.instantiate(BYTES[build], {
    env: { memory: memory.memory },
  });
  return { build, wasm: instance.exports as object as KernelExports, memory };
}
