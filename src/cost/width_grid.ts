import type { WidthAxis } from "./layer_shape.ts";

/** Widths at which an axis is measured, ascending; the last one is the full width. */
export type WidthGrid = readonly number[];

/** Stretches between the measured widths of an axis. */
const STRETCHES = 5;

/**
 * The widths to measure between a least one and the full one: multiples of the tile, evenly.
 *
 * @param axis The axis.
 * @param least The least width that is needed.
 * @returns At most seven widths.
 */
export function layOutGrid({ full, tile }: WidthAxis, least: number): WidthGrid {
  const first = Math.min(full, tile * Math.ceil(Math.max(1, least) / tile));
  const step = tile * Math.max(1, Math.ceil((full - first) / tile / STRETCHES));
  const widths: number[] = [];
  for (let width = first; width < full; width += step) widths.push(width);
  return [...widths, full];
}

/** Where a width lies on a grid. */
interface GridPlace {
  readonly index: number;
  /** Share of the way to the next index. */
  readonly part: number;
}

/** Finds a width among measured ones; both are counted in tiles. */
function locate(tiles: readonly number[], wanted: number): GridPlace {
  const last = tiles.length - 1;
  if (wanted >= tiles[last]) return { index: last, part: 0 };
  if (wanted <= tiles[0]) return { index: 0, part: 0 };
  const index = tiles.findIndex((next) => next > wanted) - 1;
  return { index, part: (wanted - tiles[index]) / (tiles[index + 1] - tiles[index]) };
}

/**
 * Times over one or two widths, and between those measured.
 *
 * First what is slower than something wider is given the wider one's time (a layer can be padded), so that no time
 * exceeds that of a larger width. Between multiples of an axis' tile the time is that of the next multiple; between
 * measured multiples it is interpolated.
 *
 * @param axes The axes; none for a single time.
 * @param grids Their grids.
 * @param timeOf The measured time at some widths.
 * @returns The time at any widths.
 */
export function interpolateTimes(
  axes: readonly WidthAxis[],
  grids: readonly WidthGrid[],
  timeOf: (...widths: number[]) => number,
): (...widths: number[]) => number {
  const [rows = [0], columns = [0]] = grids;
  const times = rows.map((row) =>
    columns.map((column) => timeOf(...[row, column].slice(0, grids.length)))
  );
  for (let row = rows.length - 1; row >= 0; row--) {
    for (let column = columns.length - 1; column >= 0; column--) {
      const larger = [times[row + 1]?.[column], times[row][column + 1]];
      times[row][column] = Math.min(times[row][column], ...larger.map((time) => time ?? Infinity));
    }
  }
  const [rowTile = 1, columnTile = 1] = axes.map(({ tile }) => tile);
  const rowTiles = rows.map((width) => Math.ceil(width / rowTile));
  const columnTiles = columns.map((width) => Math.ceil(width / columnTile));
  return (first = 0, second = 0) => {
    const row = locate(rowTiles, Math.ceil(first / rowTile));
    const column = locate(columnTiles, Math.ceil(second / columnTile));
    const alongRow = (index: number) => {
      const here = times[index][column.index];
      return column.part === 0
        ? here
        : here + column.part * (times[index][column.index + 1] - here);
    };
    const here = alongRow(row.index);
    return row.part === 0 ? here : here + row.part * (alongRow(row.index + 1) - here);
  };
}
