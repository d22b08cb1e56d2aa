/**
 * Looks a name from a file up in a table. Every object has members such as `constructor` and `toString`, which are in no
 * table.
 *
 * @param table The table.
 * @param name The name.
 * @returns What the table has under it; undefined when it has nothing.
 */
export function ownValue<Value>(
  table: Readonly<Record<string, Value>>,
  name: string,
): Value | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
