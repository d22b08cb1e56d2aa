import assert from "node:assert/strict";
import { createRandom } from "../../src/base/random.ts";
import { type NamedMark, placeLabels } from "../../src/report/place_labels.ts";
import { estimateWidth } from "../../src/report/units.ts";

const WIDTH = 800;
const LINE = 13;

/** Names of marks with the sides of their texts. */
function boxesOf(marks: readonly NamedMark[]) {
  return placeLabels(marks, WIDTH).map(({ dx, dy, textAnchor }, index) => {
    const { x, y, name } = marks[index];
    const length = estimateWidth(name);
    const left = textAnchor === "start" ? x + dx : x + dx - length;
    return { name, left, right: left + length, middle: y + dy };
  });
}

function assertLegible(marks: readonly NamedMark[]): void {
  const boxes = boxesOf(marks);
  boxes.forEach((box, index) => {
    assert.ok(box.left >= 0 && box.right <= WIDTH, `${box.name} is inside`);
    for (const other of boxes.slice(index + 1)) {
      const isBeside = box.right <= other.left || other.right <= box.left;
      const isAbove = Math.abs(box.middle - other.middle) >= LINE;
      assert.ok(isBeside || isAbove, `${box.name} and ${other.name}`);
    }
    for (const { x, y } of marks) {
      const isCovered = x > box.left && x < box.right && Math.abs(y - box.middle) < LINE / 2;
      assert.ok(!isCovered, `${box.name} is beside the marks`);
    }
  });
}

Deno.test("names stand beside their marks, cover none, and none another, in the corners too", () => {
  const corners = [[4, 20], [796, 20], [4, 300], [796, 300]];
  assertLegible(corners.map(([x, y], index) => ({ x, y, name: `network ${index}` })));
});

Deno.test("marks close together have names that do not cover each other", () => {
  const random = createRandom(2);
  for (let round = 0; round < 20; round++) {
    const [x, y] = [200 + 400 * random(), 100 + 200 * random()];
    const near = () => 18 * (random() - 0.5);
    assertLegible([0, 1, 2].map((mark) => ({ x: x + near(), y: y + near(), name: `run ${mark}` })));
  }
});
