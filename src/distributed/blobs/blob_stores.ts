import type { BlobStore } from "./blob_store.ts";
import { openBlobs } from "./open_blobs.ts";

/** Stores of blobs at any places, each opened once. */
export class BlobStores {
  readonly #stores = new Map<string, Promise<BlobStore>>();

  /**
   * A store.
   *
   * @param place Where it is.
   * @returns The store, open until all are closed.
   * @throws {UsageError} When it is no such place.
   */
  at(place: string): Promise<BlobStore> {
    const store = this.#stores.get(place) ?? openBlobs(place);
    this.#stores.set(place, store);
    return store;
  }

  /** Closes all that could be opened. */
  async close(): Promise<void> {
    for (const store of await Promise.allSettled(this.#stores.values())) {
      if (store.status === "fulfilled") await store.value.close();
    }
  }
}
