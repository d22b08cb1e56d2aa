/** Columns of a terminal that a table is made for. */
const WIDTH = 100;

/** A text in the last column gets at least this much room. */
const NARROWEST = 24;

/**
 * Lays rows out in columns; numbers, with a unit or not, are set to the right. Cells may have several lines, and those
 * of the last column are wrapped so that a row fits 100 columns where it can.
 *
 * @param header Names of the columns.
 * @param rows Cells, one list a row; undefined leaves a cell empty.
 * @returns The lines.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
): string {
  const last = header.length - 1;
  const texts = rows.map((row) => row.map((cell) => cell === undefined ? "" : String(cell)));
  const columns = header.map((name, column) => [name, ...texts.map((row) => row[column])]);
  const widths = columns.map((cells) =>
    Math.max(...cells.flatMap((cell) => cell.split("\n")).map((line) => line.length))
  );
  const room = WIDTH - widths.slice(0, last).reduce((total, width) => total + width + 2, 0);
  const isNumeric = columns.map(([, ...cells]) =>
    cells.some((cell) => cell !== "") && cells.every((cell) => /^([-\d.]+( [kM%])?)?$/.test(cell))
  );
  const formatRow = (row: readonly string[]) => {
    const cells = row.map((cell, column) =>
      (column === last ? wrap(cell, Math.max(room, NARROWEST)) : cell).split("\n")
    );
    const height = Math.max(...cells.map((lines) => lines.length));
    return Array.from(
      { length: height },
      (_, index) =>
        cells.map(({ [index]: line = "" }, column) =>
          isNumeric[column] ? line.padStart(widths[column]) : line.padEnd(widths[column])
        ).join("  ").trimEnd(),
    );
  };
  return [[...header], ...texts].flatMap(formatRow).join("\n");
}

/** Breaks a text between words. */
function wrap(text: string, width: number): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const joined = lines.length > 0 ? `${lines.at(-1)} ${word}` : word;
    if (lines.length > 0 && joined.length <= width) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines.join("\n");
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
