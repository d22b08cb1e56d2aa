/** v ← μv + g + λw,  w ← w − η·(v, or g + λw + μv with Nesterov's look-ahead), four lanes at a time. */
export function momentumStep(
  weight: usize,
  velocity: usize,
  gradient: usize,
  count: i32,
  learningRate: f32,
  momentum: f32,
  weightDecay: f32,
  isNesterov: bool,
): void {
  const rate = f32x4.splat(learningRate), mu = f32x4.splat(momentum);
  const decay = f32x4.splat(weightDecay);
  let left = count;
  for (; left >= 4; left -= 4, weight += 16, velocity += 16, gradient += 16) {
    const w = v128.load(weight);
    const g = f32x4.add(v128.load(gradient), f32x4.mul(decay, w));
    const v = f32x4.add(f32x4.mul(mu, v128.load(velocity)), g);
    const step = isNesterov ? f32x4.add(g, f32x4.mul(mu, v)) : v;
    v128.store(velocity, v);
    v128.store(weight, f32x4.sub(w, f32x4.mul(rate, step)));
  }
  for (; left > 0; left--, weight += 4, velocity += 4, gradient += 4) {
    const w = load<f32>(weight);
    const g = load<f32>(gradient) + weightDecay * w;
    const v = momentum * load<f32>(velocity) + g;
    store<f32>(velocity, v);
    store<f32>(weight, w - learningRate * (isNesterov ? g + momentum * v : v));
  }
}

/**
 * One step of Adam (Kingma and Ba 2015, algorithm 1), with h = g + λw:
 *
 *     m ← β₁m + (1 − β₁)h,   v ← β₂v + (1 − β₂)h²,   w ← w − η·c₁·m / (√(c₂·v) + ε)
 *
 * where c₁ = 1/(1 − β₁ᵗ) and c₂ = 1/(1 − β₂ᵗ) are `firstCorrection` and `secondCorrection`.
 */
export function adamStep(
  weight: usize,
  firstMoment: usize,
  secondMoment: usize,
  gradient: usize,
  count: i32,
  learningRate: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  firstCorrection: f32,
  secondCorrection: f32,
  weightDecay: f32,
): void {
  const scaledRate = learningRate * firstCorrection;
  const keep1 = f32x4.splat(beta1), take1 = f32x4.splat(1 - beta1);
  const keep2 = f32x4.splat(beta2), take2 = f32x4.splat(1 - beta2);
  const rate = f32x4.splat(scaledRate), correction = f32x4.splat(secondCorrection);
  const decay = f32x4.splat(weightDecay), floor = f32x4.splat(epsilon);
  let left = count;
  for (; left >= 4; left -= 4) {
    const w = v128.load(weight);
    const h = f32x4.add(v128.load(gradient), f32x4.mul(decay, w));
    const m = f32x4.add(f32x4.mul(keep1, v128.load(firstMoment)), f32x4.mul(take1, h));
    const v = f32x4.add(
      f32x4.mul(keep2, v128.load(secondMoment)),
      f32x4.mul(take2, f32x4.mul(h, h)),
    );
    v128.store(firstMoment, m);
    v128.store(secondMoment, v);
    const divisor = f32x4.add(f32x4.sqrt(f32x4.mul(correction, v)), floor);
    v128.store(weight, f32x4.sub(w, f32x4.div(f32x4.mul(rate, m), divisor)));
    weight += 16;
    firstMoment += 16;
    secondMoment += 16;
    gradient += 16;
  }
  for (; left > 0; left--) {
    const w = load<f32>(weight);
    const h = load<f32>(gradient) + weightDecay * w;
    const m = beta1 * load<f32>(firstMoment) + (1 - beta1) * h;
    const v = beta2 * load<f32>(secondMoment) + (1 - beta2) * h * h;
    store<f32>(firstMoment, m);
    store<f32>(secondMoment, v);
    const divisor = Mathf.sqrt(secondCorrection * v) + epsilon;
    store<f32>(weight, w - scaledRate * m / divisor);
    weight += 4;
    firstMoment += 4;
    secondMoment += 4;
    gradient += 4;
  }
}
