/**
 * Lays rows out in columns; numbers are set to the right.
 *
 * @param header Names of the columns.
 * @param rows Cells, one list a row; undefined leaves a cell empty.
 * @returns The lines.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
): string {
  const cells = rows.map((row) => row.map((cell) => cell === undefined ? "" : String(cell)));
  const widths = header.map((name, column) =>
    Math.max(name.length, ...cells.map((row) => row[column].length))
  );
  const isNumeric = header.map((_, column) =>
    rows.every((row) => row[column] === undefined || typeof row[column] === "number")
  );
  const line = (row: readonly string[]) =>
    row.map((cell, column) =>
      isNumeric[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])
    ).join("  ").trimEnd();
  return [line(header), ...cells.map(line)].join("\n");
}

/** A share as per cent, with two digits. */
export function formatPercent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** A count in thousands or millions. */
export function formatCount(count: number): string {
  if (count >= 1e6) return `${(count / 1e6).toFixed(2)} M`;
  return count >= 1e4 ? `${(count / 1e3).toFixed(1)} k` : String(count);
}

/** A size on disk. */
export function formatBytes(bytes: number): string {
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(2)} MB` : `${(bytes / 1e3).toFixed(1)} kB`;
}

/** What is left of a figure. */
export function formatChange(
  { before, after }: { before: number; after: number },
  format: (value: number) => string,
): string {
  return `${format(before)} -> ${format(after)} (${formatPercent(after / before)})`;
}
