/**
 * Settings with defaults for those that are missing or undefined.
 *
 * @param defaults The defaults.
 * @param options The settings.
 * @returns All settings.
 */
export function withDefaults<Settings extends object>(
  defaults: Settings,
  options: Partial<Settings> = {},
): Settings {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}
