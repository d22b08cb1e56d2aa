/**
 * A decoder in WebAssembly. It is compiled once, started when it is first needed, and started anew after an image ended it or
 * left its memory as nobody knows.
 */
export class RenewableDecoder<Decoder> {
  readonly #readCode: () => Uint8Array<ArrayBuffer>;
  readonly #start: (code: WebAssembly.Module) => Decoder | Promise<Decoder>;
  #code: Promise<WebAssembly.Module> | undefined;
  #running: Promise<Decoder> | undefined;

  /**
   * @param readCode Gives its WebAssembly.
   * @param start Starts it.
   */
  constructor(
    readCode: () => Uint8Array<ArrayBuffer>,
    start: (code: WebAssembly.Module) => Decoder | Promise<Decoder>,
  ) {
    this.#readCode = readCode;
    this.#start = start;
  }

  /**
   * Has it decode an image.
   *
   * @param decode Does it, at once; when it throws, the next image gets a new decoder.
   * @returns What that gives.
   * @throws What that throws, or why the decoder does not start.
   */
  async use<Result>(decode: (decoder: Decoder) => Result): Promise<Result> {
    for (;;) {
      const running = this.#running ??= this.#begin();
      const decoder = await running;
      // Another image may have ended it in the meantime.
      if (this.#running !== running) continue;
      try {
        return decode(decoder);
      } catch (error) {
        this.#running = undefined;
        throw error;
      }
    }
  }

  async #begin(): Promise<Decoder> {
    this.#code ??= WebAssembly.compile(this.#readCode());
    try {
      return await this.#start(await this.#code);
    } catch (error) {
      this.#running = this.#code = undefined;
      throw error;
    }
  }
}
