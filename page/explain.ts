/** What messages of the core call things, and what the page calls them. */
const WORDS: readonly [flag: RegExp, here: string][] = [
  [
    /alone, wanted it too; give both files$/,
    "alone, wanted it too; choose all files of the model together",
  ],
  [
    /give a model to compare its outputs with, with --reference/,
    "its outputs will be compared with those of the original instead",
  ],
  [
    /--no-labels compares outputs instead/,
    'switch off "Use the classes" to compare outputs instead',
  ],
  [/say how images are prepared with --preprocess .*$/, 'choose "Pixel values"'],
  [/give both with --input-size|give --input-size.*$/, 'fill in "Input size"'],
  [/convert it to one of these where it was trained/, "convert it where it was trained"],
  [/raise --budget, or leave fewer layers whole/, 'move "Keep" to the right'],
  [/--nb-points-per-layer, --nb-batches or --batch-size/, '"Images for the statistics"'],
];

/**
 * Says what went wrong in the page's own words.
 *
 * @param error What was thrown.
 * @returns A sentence: what was being done, what was found, what was wanted, what to do.
 */
export function explain(error: unknown): string {
  const { name, message } = error as Error;
  if (name !== "InputError" && name !== "UsageError") {
    return `Something failed that should not (${message}). What was loaded is still here; try ` +
      "again, with fewer images if memory ran out.";
  }
  const words = WORDS.reduce((text, [flag, here]) => text.replace(flag, here), message);
  return `${words[0].toUpperCase()}${words.slice(1)}.`;
}
