/**
 * Second keys of `createRandom(seed, stream, rollout)`: every roll-out draws from streams of its own, whatever was drawn in
 * the others.
 */
export const STREAMS = { actor: 0, critic: 1, noise: 2, exploration: 3, learning: 4 } as const;
