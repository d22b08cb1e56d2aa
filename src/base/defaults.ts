/**
 * Options with defaults in the place of those that are not given; undefined ones do not hide them.
 *
 * @param options What is given.
 * @param defaults What is used where nothing is.
 * @returns Both.
 */
export function withDefaults<Options extends object, Defaults extends object>(
  options: Options,
  defaults: Defaults,
): Options & Defaults {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) } as Options & Defaults;
}
