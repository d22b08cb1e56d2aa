import { appendActive, removeActive, solveActive } from "./active_cholesky";
import { multiplyAddF64, multiplySubtractF64 } from "./simd";

/** λ came down to rounding. */
const COMPLETE: i32 = 0;
/** No room for another event: read the events and call again. */
const EVENTS_FULL: i32 = 1;
/** Drops and entries went on for too long. */
const STEP_LIMIT: i32 = 2;

/** λ below this share of the largest |b| is rounding. */
const SMALLEST_LAMBDA_SHARE: f64 = 1e-10;
/** A correlation that falls as fast as λ never meets it. */
const PARALLEL: f64 = 1e-12;
const ON_BOUND: f64 = 1e-9;
const STEPS_PER_VARIABLE: i32 = 8;
const EVENT_BYTES: usize = 16;

/** One walk down the path, at the beginning of the caller's workspace; the vectors follow it. */
@unmanaged
class LassoWalk {
  lambda: f64;
  smallestLambda: f64;
  /** How far λ falls next. */
  stepLength: f64;
  /** Sign with which a variable enters next; 0 when one drops. */
  stepSign: f64;
  lastSign: f64;
  /** Of the caller: A, b, β and which variables are left out, size i32. */
  quadratic: usize;
  linear: usize;
  beta: usize;
  collinear: usize;
  /** b − Aβ, and A times the direction. */
  current: usize;
  slopes: usize;
  /** Sign of each active variable, 0 for the others. */
  signs: usize;
  /** A_SS⁻¹ sign(β_S), in the order of `active`. */
  direction: usize;
  rotations: usize;
  /** Cholesky factor of A_SS, row-major with stride `size`. */
  factor: usize;
  /** Active variables in the order of the factor's rows, size i32. */
  active: usize;
  size: i32;
  activeCount: i32;
  stepsLeft: i32;
  /** Variable that enters or drops next; −1 when λ reaches 0 first. */
  stepVariable: i32;
  lastDropped: i32;
  eventCount: i32;
}

function elementAt(vector: usize, index: i32): usize {
  return vector + (<usize> index << 3);
}

function variableAt(walk: LassoWalk, index: i32): i32 {
  return load<i32>(walk.active + (<usize> index << 2));
}

function rowOf(walk: LassoWalk, variable: i32): usize {
  return walk.quadratic + (<usize> variable * <usize> walk.size << 3);
}

/**
 * Bytes of workspace of a walk.
 *
 *     | LassoWalk | current | slopes | signs | direction | rotations: 2·size | L: size² | active: i32 |
 */
export function lassoPathWorkspaceBytes(size: i32): usize {
  return offsetof<LassoWalk>() + (<usize> size * <usize> (size + 6) << 3) + (<usize> size << 2);
}

/**
 * Begins a walk at the top of the path: λ = max |b|, β = 0.
 *
 * A, b, β and `collinear` (size i32) stay with the caller, who leaves them and the workspace alone until the walk is
 * over.
 */
export function startLassoPath(
  quadratic: usize,
  linear: usize,
  size: i32,
  beta: usize,
  collinear: usize,
  workspace: usize,
): void {
  memory.fill(workspace, 0, lassoPathWorkspaceBytes(size));
  memory.fill(beta, 0, <usize> size << 3);
  memory.fill(collinear, 0, <usize> size << 2);
  const walk = changetype<LassoWalk>(workspace);
  walk.quadratic = quadratic;
  walk.linear = linear;
  walk.size = size;
  walk.beta = beta;
  walk.collinear = collinear;
  walk.current = workspace + offsetof<LassoWalk>();
  walk.slopes = elementAt(walk.current, size);
  walk.signs = elementAt(walk.slopes, size);
  walk.direction = elementAt(walk.signs, size);
  walk.rotations = elementAt(walk.direction, size);
  walk.factor = elementAt(walk.rotations, 2 * size);
  walk.active = walk.factor + (<usize> size * <usize> size << 3);
  for (let j = 0; j < size; j++) {
    walk.lambda = max(walk.lambda, abs(load<f64>(elementAt(linear, j))));
  }
  walk.smallestLambda = walk.lambda * SMALLEST_LAMBDA_SHARE;
  walk.stepsLeft = STEPS_PER_VARIABLE * size + 1;
  walk.lastDropped = -1;
}

/** λ to which a walk has come. */
export function lassoPathLambda(workspace: usize): f64 {
  return changetype<LassoWalk>(workspace).lambda;
}

/** Events that the last call of `followLassoPath` wrote. */
export function lassoPathEventCount(workspace: usize): i32 {
  return changetype<LassoWalk>(workspace).eventCount;
}

/**
 * Follows the solutions of min ½βᵀAβ − bᵀβ + λ‖β‖₁ as λ falls, by LARS with the Lasso modification (Efron et al. 2004,
 * section 3.1), to the end or until `capacity` events are written; another call goes on from there.
 *
 * At every λ the active variables have b − Aβ = λ·sign(β), the others |b − Aβ| ≤ λ. With S the active set, β_S moves
 * along A_SS⁻¹ sign(β_S) as λ falls, until another variable's correlation reaches λ (it enters) or a coefficient
 * reaches 0 (it drops).
 *
 *     events         | λ: f64 | variable: i32 | 1 entered, 0 dropped: i32 | …     one per change of the active set
 *     coefficients   | β: size f64 | …                                            β at each event
 *
 * @returns 0 at the end of the path, 1 when the events are full, 2 when the walk took too many steps.
 */
export function followLassoPath(
  workspace: usize,
  events: usize,
  coefficients: usize,
  capacity: i32,
): i32 {
  const walk = changetype<LassoWalk>(workspace);
  const betaBytes = <usize> walk.size << 3;
  walk.eventCount = 0;
  while (walk.lambda > walk.smallestLambda) {
    if (walk.stepsLeft == 0) return STEP_LIMIT;
    if (walk.eventCount == capacity) return EVENTS_FULL;
    walk.stepsLeft--;
    findDirection(walk);
    findCorrelations(walk);
    findNextStep(walk);
    move(walk);
    walk.lastDropped = -1;
    if (walk.stepVariable < 0 || !changeActiveSet(walk)) continue;
    store<f64>(events, walk.lambda);
    store<i32>(events, walk.stepVariable, 8);
    store<i32>(events, i32(walk.stepSign != 0), 12);
    memory.copy(coefficients, walk.beta, betaBytes);
    events += EVENT_BYTES;
    coefficients += betaBytes;
    walk.eventCount++;
  }
  return COMPLETE;
}

/** A_SS⁻¹ sign(β_S): how β_S grows while λ falls by one. */
function findDirection(walk: LassoWalk): void {
  for (let i = 0; i < walk.activeCount; i++) {
    const sign = load<f64>(elementAt(walk.signs, variableAt(walk, i)));
    store<f64>(elementAt(walk.direction, i), sign);
  }
  solveActive(walk.factor, walk.size, walk.activeCount, walk.direction);
}

/** b − Aβ, afresh at every step so that rounding does not pile up, and A times the direction. */
function findCorrelations(walk: LassoWalk): void {
  memory.copy(walk.current, walk.linear, <usize> walk.size << 3);
  memory.fill(walk.slopes, 0, <usize> walk.size << 3);
  for (let i = 0; i < walk.activeCount; i += 2) {
    // The second row of the last pair of an odd set is the first row once more, times 0.
    const isPair = i + 1 < walk.activeCount;
    const first = variableAt(walk, i), second = variableAt(walk, isPair ? i + 1 : i);
    addRows(
      walk,
      rowOf(walk, first),
      load<f64>(elementAt(walk.beta, first)),
      load<f64>(elementAt(walk.direction, i)),
      rowOf(walk, second),
      isPair ? load<f64>(elementAt(walk.beta, second)) : 0,
      isPair ? load<f64>(elementAt(walk.direction, i + 1)) : 0,
    );
  }
}

/**
 * current −= row·value and slopes += row·growth for two rows of A.
 *
 * An odd last column is rounded like the others: equal variables must stay equal to the last bit.
 */
function addRows(
  walk: LassoWalk,
  row0: usize,
  value0: f64,
  growth0: f64,
  row1: usize,
  value1: f64,
  growth1: f64,
): void {
  const values0 = f64x2.splat(value0), growths0 = f64x2.splat(growth0);
  const values1 = f64x2.splat(value1), growths1 = f64x2.splat(growth1);
  let current = walk.current, slopes = walk.slopes;
  let left = walk.size;
  for (; left >= 2; left -= 2, row0 += 16, row1 += 16, current += 16, slopes += 16) {
    const a0 = v128.load(row0), a1 = v128.load(row1);
    const rest = multiplySubtractF64(a0, values0, v128.load(current));
    const slope = multiplyAddF64(a0, growths0, v128.load(slopes));
    v128.store(current, multiplySubtractF64(a1, values1, rest));
    v128.store(slopes, multiplyAddF64(a1, growths1, slope));
  }
  if (left) {
    const a0 = v128.load64_zero(row0), a1 = v128.load64_zero(row1);
    const rest = multiplySubtractF64(a0, values0, v128.load64_zero(current));
    const slope = multiplyAddF64(a0, growths0, v128.load64_zero(slopes));
    v128.store64_lane(current, multiplySubtractF64(a1, values1, rest), 0);
    v128.store64_lane(slopes, multiplyAddF64(a1, growths1, slope), 0);
  }
}

/** The first event as λ falls; of simultaneous ones that of the lowest variable, entries before drops. */
function findNextStep(walk: LassoWalk): void {
  walk.stepLength = walk.lambda;
  walk.stepVariable = -1;
  walk.stepSign = 0;
  for (let variable = 0; variable < walk.size; variable++) {
    const isOut = load<i32>(walk.collinear + (<usize> variable << 2)) != 0;
    if (isOut || load<f64>(elementAt(walk.signs, variable)) != 0) continue;
    considerEntry(walk, variable, 1);
    considerEntry(walk, variable, -1);
  }
  for (let i = 0; i < walk.activeCount; i++) {
    const variable = variableAt(walk, i);
    const growth = load<f64>(elementAt(walk.direction, i));
    if (growth * load<f64>(elementAt(walk.signs, variable)) >= 0) continue;
    const length = max<f64>(0, -load<f64>(elementAt(walk.beta, variable)) / growth);
    if (length < walk.stepLength) takeStep(walk, length, variable, 0);
  }
}

/** When would an inactive variable enter with this sign. */
function considerEntry(walk: LassoWalk, variable: i32, sign: f64): void {
  // A variable that has just dropped still sits on the bound that it leaves.
  if (variable == walk.lastDropped && sign == walk.lastSign) return;
  const gap = walk.lambda - sign * load<f64>(elementAt(walk.current, variable));
  const closing = 1 - sign * load<f64>(elementAt(walk.slopes, variable));
  if (closing <= PARALLEL) {
    // On the bound and moving along it: the factor decides whether it is a variable of its own. What moves away from
    // the bound, as copies of a variable that has just dropped do, stays out.
    if (closing < -ON_BOUND || gap > ON_BOUND * walk.lambda) return;
    if (walk.stepLength > 0) takeStep(walk, 0, variable, sign);
    return;
  }
  const length = max<f64>(0, gap / closing);
  if (length < walk.stepLength) takeStep(walk, length, variable, sign);
}

function takeStep(walk: LassoWalk, length: f64, variable: i32, sign: f64): void {
  walk.stepLength = length;
  walk.stepVariable = variable;
  walk.stepSign = sign;
}

function move(walk: LassoWalk): void {
  for (let i = 0; i < walk.activeCount; i++) {
    const at = elementAt(walk.beta, variableAt(walk, i));
    const growth = load<f64>(elementAt(walk.direction, i));
    store<f64>(at, load<f64>(at) + walk.stepLength * growth);
  }
  walk.lambda -= walk.stepLength;
}

/** Lets the step's variable enter or drop; false when it is left out instead. */
function changeActiveSet(walk: LassoWalk): bool {
  const variable = walk.stepVariable;
  if (walk.stepSign != 0) return enter(walk, variable, walk.stepSign);
  walk.lastDropped = variable;
  walk.lastSign = load<f64>(elementAt(walk.signs, variable));
  drop(walk, variable);
  return true;
}

function enter(walk: LassoWalk, variable: i32, sign: f64): bool {
  const count = walk.activeCount;
  const row = rowOf(walk, variable);
  const products = elementAt(walk.factor, count * walk.size);
  for (let i = 0; i < count; i++) {
    store<f64>(elementAt(products, i), load<f64>(elementAt(row, variableAt(walk, i))));
  }
  const square = load<f64>(elementAt(row, variable));
  if (!appendActive(walk.factor, walk.size, count, square)) {
    store<i32>(walk.collinear + (<usize> variable << 2), 1);
    return false;
  }
  store<i32>(walk.active + (<usize> count << 2), variable);
  store<f64>(elementAt(walk.signs, variable), sign);
  walk.activeCount = count + 1;
  return true;
}

function drop(walk: LassoWalk, variable: i32): void {
  const count = walk.activeCount;
  let index = 0;
  while (variableAt(walk, index) != variable) index++;
  removeActive(walk.factor, walk.size, count, index, walk.rotations);
  const at = walk.active + (<usize> index << 2);
  memory.copy(at, at + 4, <usize> (count - index - 1) << 2);
  store<f64>(elementAt(walk.signs, variable), 0);
  store<f64>(elementAt(walk.beta, variable), 0);
  // What depended on this variable may now be independent of the rest.
  memory.fill(walk.collinear, 0, <usize> walk.size << 2);
  walk.activeCount = count - 1;
}
