import assert from "node:assert/strict";
import type { WidthAxis } from "../../src/cost/layer_shape.ts";
import { interpolateTimes, layOutGrid } from "../../src/cost/width_grid.ts";
import { createRandom } from "../../src/base/random.ts";

function axisOf(full: number, tile: number): WidthAxis {
  return { extent: { fixed: full, parts: [] }, full, tile };
}

const AXES = [1, 4, 8].flatMap((tile) =>
  [1, 7, 8, 10, 16, 33, 64, 512].map((full) => axisOf(full, tile))
);

Deno.test("a grid has few widths, multiples of the tile from the least one needed to the full one", () => {
  for (const axis of AXES) {
    for (const least of [1, Math.ceil(axis.full / 2), axis.full]) {
      const grid = layOutGrid(axis, least);
      assert.ok(grid.length <= 7);
      assert.equal(grid.at(-1), axis.full);
      assert.ok(grid[0] < least + axis.tile);
      grid.forEach((width, index) => {
        assert.ok(index === 0 || width > grid[index - 1]);
        assert.ok(width % axis.tile === 0 || width === axis.full);
      });
    }
  }
});

Deno.test("times that rise in tiles are reproduced at every width", () => {
  const ceil = (width: number, tile: number) => tile * Math.ceil(width / tile);
  for (const rows of AXES) {
    for (const columns of AXES.filter(({ full }) => full <= 33)) {
      const grids = [layOutGrid(rows, 1), layOutGrid(columns, 1)];
      const timeOf = (first: number, second: number) =>
        3 + ceil(first, rows.tile) * (2 + ceil(second, columns.tile));
      const at = interpolateTimes([rows, columns], grids, timeOf);
      for (let first = 1; first <= rows.full; first += 3) {
        for (let second = 1; second <= columns.full; second += 2) {
          const wanted = timeOf(first, second);
          assert.ok(Math.abs(at(first, second) - wanted) < 1e-9 * wanted);
        }
      }
    }
  }
});

Deno.test("no width is given more time than a larger one, however noisy the measurements", () => {
  const random = createRandom(1);
  const axes = [axisOf(64, 1), axisOf(32, 8)];
  const grids = axes.map((axis) => layOutGrid(axis, 1));
  const measured = new Map<string, number>();
  const at = interpolateTimes(axes, grids, (first, second) => {
    const time = first * second * (0.5 + random());
    measured.set(`${first} ${second}`, time);
    return time;
  });
  for (let first = 1; first <= 64; first++) {
    for (let second = 1; second <= 32; second++) {
      const time = at(first, second);
      assert.ok(time <= at(Math.min(64, first + 1), second) + 1e-9);
      assert.ok(time <= at(first, Math.min(32, second + 1)) + 1e-9);
      assert.ok(time <= (measured.get(`${first} ${second}`) ?? Infinity));
    }
  }
});

Deno.test("a layer that nothing changes, or of one width, has one time or a row of them", () => {
  assert.equal(interpolateTimes([], [], () => 5)(), 5);
  const axis = axisOf(16, 1);
  const at = interpolateTimes([axis], [layOutGrid(axis, 4)], (width) => 2 * width);
  assert.equal(at(10), 20);
  assert.equal(at(1), 8, "below the least width that was needed it is that one's");
});
