/** A process that answers every line on its standard input with one line of JSON. */
export class AskedChild {
  /** What it said when it was ready. */
  readonly greeting: Record<string, string>;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;

  private constructor(child: Deno.ChildProcess, lines: AsyncGenerator<string>, first: string) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#lines = lines;
    this.greeting = JSON.parse(first);
  }

  /**
   * Starts a process and waits until it is ready.
   *
   * @param command What is run.
   * @param options Its arguments and all of its environment but `PATH`.
   * @returns The process; undefined when there is no such command, or it ends before it is ready.
   */
  static async start(
    command: string,
    { args, env = {} }: { args: string[]; env?: Record<string, string> },
  ): Promise<AskedChild | undefined> {
    const streams = { stdin: "piped", stdout: "piped", stderr: "inherit" } as const;
    const settings = { PATH: Deno.env.get("PATH") ?? "", HOME: Deno.env.get("HOME") ?? "", ...env };
    try {
      const child = new Deno.Command(command, { args, env: settings, clearEnv: true, ...streams })
        .spawn();
      const lines = linesOf(child.stdout);
      const first = await lines.next();
      if (!first.done) return new AskedChild(child, lines, first.value);
      await child.stdin.close();
      await child.status;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      console.error(`${command}: not found`);
    }
  }

  /** Sends a line and waits for the answer. */
  async ask<Answer>(line: string): Promise<Answer> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
    const answer = await this.#lines.next();
    if (!answer.done) return JSON.parse(answer.value);
    throw new Error(`asking a child process: it ended at "${line}", see its message above`);
  }

  /** Ends the process. */
  async close(): Promise<void> {
    await this.#input.close();
    await this.#child.status;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

/** Writes an array's bytes. */
export function writeArray(
  path: string,
  { buffer, byteOffset, byteLength }: ArrayBufferView,
): void {
  Deno.writeFileSync(path, new Uint8Array(buffer, byteOffset, byteLength).slice());
}

/** Reads what a child wrote as raw f32. */
export function readFloats(path: string): Float32Array {
  return new Float32Array(Deno.readFileSync(path).buffer);
}
