/** Watches over channels that must not be lost together while one after the other is taken out. */
export class GuardedChannels {
  readonly #guards: readonly ReadonlySet<number>[];
  readonly #left: number[];

  /** @param guards Sets of channels of which one at least stays. */
  constructor(guards: readonly ArrayLike<number>[]) {
    this.#guards = guards.map((guard) => new Set(Array.from(guard)));
    this.#left = this.#guards.map(({ size }) => size);
  }

  /**
   * Says which channels can go next.
   *
   * @param channels Channels that are left.
   * @returns Those that are not the last of a set; all of them where each is the last of one.
   */
  free(channels: readonly number[]): readonly number[] {
    if (this.#guards.length === 0) return channels;
    const free = channels.filter((channel) =>
      this.#guards.every((guard, index) => this.#left[index] > 1 || !guard.has(channel))
    );
    return free.length > 0 ? free : channels;
  }

  /** Takes a channel out. */
  remove(channel: number): void {
    this.#guards.forEach((guard, index) => this.#left[index] -= Number(guard.has(channel)));
  }
}

/**
 * The best channels of a ranking, of every guarded set one at least.
 *
 * @param ranking All channels, the best first.
 * @param count How many stay.
 * @param guards Sets of channels of which one at least stays.
 * @returns The channels, ascending.
 */
export function keepGuarded(
  ranking: readonly number[],
  count: number,
  guards: readonly ArrayLike<number>[],
): Int32Array {
  const watched = new GuardedChannels(guards);
  const left = [...ranking];
  while (left.length > count) {
    const worst = watched.free(left).at(-1)!;
    left.splice(left.lastIndexOf(worst), 1);
    watched.remove(worst);
  }
  return Int32Array.from(left).sort();
}
