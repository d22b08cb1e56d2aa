import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";

/** What the scripts of the page take, in bytes. */
export interface PageBytes {
  /** The script that draws the page, as it stands in it. */
  readonly own: number;
  /** The same and that of the workers, compressed. */
  readonly packed: number;
  /** The whole page, with the example. */
  readonly page: number;
}

/**
 * Weighs the page.
 *
 * @param text index.html.
 * @returns Its bytes.
 */
export function weighPage(text: string): PageBytes {
  const [, script] = /<script>([^]+?)<\/script>/.exec(text)!;
  const [, worker] = /id="worker">([^<]+)</.exec(text)!;
  return {
    own: script.length,
    packed: gzipSync(script).length + Buffer.from(worker, "base64").length,
    page: text.length,
  };
}
