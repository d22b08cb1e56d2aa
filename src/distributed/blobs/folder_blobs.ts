import { join } from "node:path";
import {
  disk,
  InputError,
  makeFolder,
  option,
  statFile,
  syncFile,
  writeBeside,
  writeSynced,
} from "../../base/mod.ts";
import { type BlobStore, checkBlob, checkBlobName, nameBytes, nameFile } from "./blob_store.ts";

/** Blobs in a folder that everybody who needs them can read. */
export class FolderBlobs implements BlobStore {
  readonly place: string;
  readonly #checked = new Set<string>();

  /** @param folder The folder; made when something is put. */
  constructor(folder: string) {
    this.place = folder;
  }

  /** Keeps bytes. */
  async put(bytes: Uint8Array): Promise<string> {
    const name = nameBytes(bytes);
    await this.#keep(name, (draft) => writeSynced(draft, bytes));
    return name;
  }

  /** Keeps a copy of a file. */
  async putFile(source: string): Promise<string> {
    const name = await nameFile(source);
    await this.#keep(name, async (draft) => {
      await disk.copyFile(source, draft);
      await syncFile(draft);
    });
    return name;
  }

  /** The blob's own file. */
  async fetch(name: string): Promise<string> {
    const path = this.#pathOf(name);
    if (this.#checked.has(name)) return path;
    if (await statFile(path) === undefined) {
      throw new InputError([
        `fetching ${name} from ${this.place}: found no such file; ` +
        `share the folder with whoever put it there, or say with `,
        option("blobs"),
        " where it is here",
      ]);
    }
    await checkBlob(path, this.place, name);
    this.#checked.add(name);
    return path;
  }

  /** Nothing was fetched. */
  async close(): Promise<void> {}

  async #keep(name: string, write: (draft: string) => Promise<void>): Promise<void> {
    const path = this.#pathOf(name);
    try {
      await makeFolder(this.place);
      if (await statFile(path) === undefined) await writeBeside(path, write);
    } catch (cause) {
      throw new InputError([
        `writing to ${this.place}: ${(cause as Error).message}; give `,
        option("blobs"),
        " a folder that can be written to",
      ], { cause });
    }
  }

  #pathOf(name: string): string {
    checkBlobName(name, this.place);
    return join(this.place, name);
  }
}
