/** Digits of a fingerprint that tell it apart in a message. */
const SHOWN_DIGITS = 12;

/**
 * Names what two records differ in, as JSON has them: what JSON leaves out is no difference.
 *
 * @param found What there is; what is no record has nothing in it.
 * @param wanted What there was to be.
 * @returns A text for every value that differs, such as `seed 3, wanted 4`; a value inside another goes by both names,
 * and of a fingerprint only so many digits are shown as tell it apart.
 */
export function differences(found: unknown, wanted: object): string[] {
  const [had, wants] = [found, wanted].map((record) => new Map(listValues(record)));
  const names = new Set([...had.keys(), ...wants.keys()]);
  return [...names].filter((name) => had.get(name) !== wants.get(name))
    .map((name) => `${name} ${describe(had.get(name))}, wanted ${describe(wants.get(name))}`);
}

/** Every value of a record, and of the records in it, in JSON. */
function listValues(record: unknown, prefix = ""): [name: string, json: string][] {
  if (!isRecord(record)) return [];
  return Object.entries(record).flatMap(([key, value]) => {
    const name = `${prefix}${key}`;
    if (isRecord(value)) return listValues(value, `${name}.`);
    const json = JSON.stringify(value) as string | undefined;
    return json === undefined ? [] : [[name, json]];
  });
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(json: string | undefined): string {
  if (json === undefined) return "none";
  const text = json.startsWith('"') ? JSON.parse(json) : json;
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, SHOWN_DIGITS) : text;
}
