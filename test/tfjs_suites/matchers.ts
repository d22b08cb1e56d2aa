import assert from "node:assert/strict";

type Matcher = (...expected: never[]) => void;

/** Whether two values are equal as Jasmine sees it: by structure and class, NaN equal to itself. */
function areEqual(actual: unknown, expected: unknown): boolean {
  try {
    assert.deepEqual(actual, expected);
    return true;
  } catch {
    return false;
  }
}

/** What a function throws, or nothing. */
function thrownBy(run: () => unknown): { error: unknown } | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return { error };
  }
}

type ErrorClass = new (...args: never[]) => Error;

/** Whether an error is of the class and has the message that `toThrowError` was given. */
function isWantedError(error: unknown, wanted: (string | RegExp | ErrorClass)[]): boolean {
  if (!(error instanceof Error)) return false;
  return wanted.every((want) => {
    if (typeof want === "string") return error.message === want;
    return want instanceof RegExp ? want.test(error.message) : error instanceof want;
  });
}

/** The matchers that the suites use, with Jasmine's meaning; each tells whether it holds. */
const MATCHERS: Record<string, (actual: never, ...expected: never[]) => boolean> = {
  nothing: () => true,
  toBe: (actual: unknown, expected: unknown) => actual === expected,
  toBeCloseTo: (actual: number, expected: number, digits = 2) =>
    Math.abs(actual - expected) < 10 ** -digits / 2,
  toBeFalsy: (actual: unknown) => !actual,
  toBeGreaterThan: (actual: number, expected: number) => actual > expected,
  toBeGreaterThanOrEqual: (actual: number, expected: number) => actual >= expected,
  toBeLessThan: (actual: number, expected: number) => actual < expected,
  toBeLessThanOrEqual: (actual: number, expected: number) => actual <= expected,
  toBeNull: (actual: unknown) => actual === null,
  toBeTruthy: (actual: unknown) => Boolean(actual),
  toEqual: areEqual,
  toMatch: (actual: string, expected: RegExp) => expected.test(actual),
  toThrow: (run: () => unknown) => thrownBy(run) !== undefined,
  toThrowError: (run: () => unknown, ...wanted: (string | RegExp | ErrorClass)[]) => {
    const thrown = thrownBy(run);
    return thrown !== undefined && isWantedError(thrown.error, wanted);
  },
};

/** Matchers bound to a value; a failure throws, which ends the spec at its first one. */
function bindMatchers(actual: unknown, isNegated: boolean): Record<string, Matcher> {
  const bound = Object.entries(MATCHERS).map(([name, holds]) => [
    name,
    (...expected: never[]) => {
      if (holds(actual as never, ...expected) === isNegated) {
        const wanted = expected.map((value) => Deno.inspect(value)).join(", ");
        throw new assert.AssertionError({
          message: `${Deno.inspect(actual)} ${isNegated ? "not " : ""}${name} ${wanted}`,
        });
      }
    },
  ]);
  return Object.fromEntries(bound);
}

/** Jasmine's `expect`. */
export function expect(actual?: unknown): Record<string, Matcher> & { not: object } {
  return Object.assign(bindMatchers(actual, false), { not: bindMatchers(actual, true) });
}

/** Jasmine's `expectAsync`, as far as the suites use it. */
export function expectAsync(actual: Promise<unknown>) {
  return {
    toBeRejectedWithError: async (...wanted: (string | RegExp | ErrorClass)[]) => {
      const error = await actual.then(() => undefined, (reason) => reason);
      assert.ok(isWantedError(error, wanted), `rejected with ${Deno.inspect(error)}`);
    },
  };
}
