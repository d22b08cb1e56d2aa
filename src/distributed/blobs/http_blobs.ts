import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { disk, fileError, InputError, makeTempFolder, option, removeAll } from "../../base/mod.ts";
import { type BlobStore, checkBlob, checkBlobName, nameBytes } from "./blob_store.ts";

/** Sends a request; an S3 client signs it. */
export type Fetcher = (
  url: string,
  options: { method: string; body?: Uint8Array<ArrayBuffer> },
) => Promise<Response>;

/** Blobs behind HTTP: `PUT` writes one and `GET` reads it, by its name below a URL. */
export class HttpBlobs implements BlobStore {
  readonly place: string;
  readonly #shown: string;
  readonly #base: URL;
  readonly #fetcher: Fetcher;
  readonly #fetched = new Map<string, Promise<string>>();
  #folder: Promise<string> | undefined;

  /**
   * @param place What stands for the store in jobs, and without its query in messages.
   * @param base The URL; its query, which may be a signature, is kept.
   * @param fetcher Sends requests.
   */
  constructor(place: string, base: string, fetcher: Fetcher) {
    this.place = place;
    this.#shown = place.replace(/\?.*$/, "");
    this.#base = new URL(base);
    this.#fetcher = fetcher;
  }

  /** Writes bytes unless they are there. */
  async put(bytes: Uint8Array): Promise<string> {
    const name = nameBytes(bytes);
    const response = await this.#send("writing", name, {
      method: "PUT",
      body: new Uint8Array(bytes),
    });
    await response.body?.cancel();
    return name;
  }

  /** Writes a file. */
  async putFile(path: string): Promise<string> {
    return await this.put(await readFile(path));
  }

  /** Reads a blob once. */
  async fetch(name: string): Promise<string> {
    const known = this.#fetched.get(name) ?? this.#download(name);
    this.#fetched.set(name, known);
    try {
      return await known;
    } catch (error) {
      this.#fetched.delete(name);
      throw error;
    }
  }

  /** Removes what was fetched. */
  async close(): Promise<void> {
    await this.#folder?.then(removeAll, () => {});
  }

  /** Bytes get their name when their hash is known to be it. */
  async #download(name: string): Promise<string> {
    const response = await this.#send("fetching", name, { method: "GET" });
    this.#folder ??= makeTempFolder("secateur-blobs-");
    const folder = await this.#folder;
    const draft = join(folder, `draft-${crypto.randomUUID()}`);
    const content = new Uint8Array(await response.arrayBuffer());
    try {
      await disk.writeFile(draft, content);
      await checkBlob(draft, this.#shown, name);
      await disk.rename(draft, join(folder, name));
    } catch (error) {
      await removeAll(draft);
      throw error instanceof InputError ? error : fileError(`keeping ${name} in ${folder}`, error);
    }
    return join(folder, name);
  }

  async #send(
    action: string,
    name: string,
    options: { method: string; body?: Uint8Array<ArrayBuffer> },
  ): Promise<Response> {
    checkBlobName(name, this.#shown);
    const url = new URL(this.#base);
    url.pathname = `${url.pathname.replace(/\/$/, "")}/${name}`;
    let response: Response;
    try {
      response = await this.#fetcher(url.href, options);
    } catch (cause) {
      throw new InputError([
        `${action} ${name}, a blob at ${this.#shown}: found no server that answers; correct `,
        option("blobs"),
      ], { cause });
    }
    if (response.ok) return response;
    await response.body?.cancel();
    throw new InputError([
      `${action} ${name}, a blob at ${this.#shown}: found status ${response.status}, wanted 200; check `,
      option("blobs"),
      " and the keys in the environment",
    ]);
  }
}
