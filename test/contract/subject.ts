import assert from "node:assert/strict";
import { join } from "node:path";
import * as source from "../../src/mod.ts";
import { writeSmallData } from "../cli/fixtures.ts";
import { exampleModel, projectFolder } from "../cli/run_cli.ts";
import { type Figures, figuresOfLibrary } from "./figures.ts";

/** What is run in every way that there is. */
export interface Subject {
  /** A folder for it, which nothing of the project is in. */
  readonly folder: string;
  /** The embedded network. */
  readonly model: string;
  /** Some images. */
  readonly data: string;
  /** The figures that the source gives in Deno. */
  readonly wanted: Figures;
}

/** Makes it; who does removes its folder in the end. */
export async function openSubject(): Promise<Subject> {
  const folder = await Deno.makeTempDir();
  const [model, data] = [join(projectFolder, exampleModel), join(folder, "data")];
  await writeSmallData(data);
  const wanted = await figuresOfLibrary(source, model, data);
  assert.ok(wanted.before.accuracy! > 0.85);
  assert.ok(wanted.pruned.params < 0.9 * wanted.model.params);
  assert.ok(wanted.pruned.macs < 0.7 * wanted.model.macs);
  assert.equal(wanted.after.accuracy, wanted.pruned.accuracy);
  return { folder, model, data, wanted };
}

/** Largest difference of two figures, relative to the larger. */
const TOLERANCE = 1e-4;

/** Holds what was found against what is wanted, but for seconds. */
export function assertAlike(found: unknown, wanted: unknown, place = "figures"): void {
  if (typeof wanted === "number") {
    const difference = Math.abs(found as number - wanted);
    assert.ok(difference <= TOLERANCE * Math.abs(wanted), `${place}: ${found}, wanted ${wanted}`);
  } else if (typeof wanted === "object" && wanted !== null) {
    for (const [name, value] of Object.entries(wanted)) {
      if (name === "seconds") continue;
      assertAlike((found as Record<string, unknown>)[name], value, `${place}.${name}`);
    }
  } else assert.equal(found, wanted, place);
}
