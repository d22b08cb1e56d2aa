/**
 * A child process of forward_bench.ts: runs a network with ONNX Runtime, when it is asked to.
 *
 *     deno run --no-config --no-lock --allow-all bench/forward_onnx.ts FOLDER web|node
 *
 * FOLDER holds model.onnx, images.f32 (N × C × H × W) and shape.json. Greets with the version; `run` gives the seconds of
 * a run, `output` writes output-web.f32 or output-node.f32.
 *
 * onnxruntime-node is for this benchmark alone: a process without the project's configuration and lock file, and
 * specifiers that `deno check` does not see, keep it away from everyone who installs, checks or tests the project.
 */
const PACKAGES = {
  web: { specifier: "npm:onnxruntime-web@1.30.0", provider: "wasm" },
  node: { specifier: "npm:onnxruntime-node@1.30.0", provider: "cpu" },
};

const [folder, kind] = Deno.args as [string, keyof typeof PACKAGES];
const { specifier, provider } = PACKAGES[kind];
const ort = await import(specifier);
if (kind === "web") ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(Deno.readFileSync(`${folder}/model.onnx`), {
  executionProviders: [provider],
  graphOptimizationLevel: "all",
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});
const images = new Float32Array(Deno.readFileSync(`${folder}/images.f32`).buffer);
const shape = JSON.parse(Deno.readTextFileSync(`${folder}/shape.json`));
const feeds = { [session.inputNames[0]]: new ort.Tensor("float32", images, shape) };
const output = session.outputNames[0];

async function answer(command: string): Promise<object> {
  const start = performance.now();
  const { [output]: tensor } = await session.run(feeds);
  const seconds = (performance.now() - start) / 1e3;
  if (command === "output") {
    const bytes = new Uint8Array(tensor.data.slice().buffer);
    Deno.writeFileSync(`${folder}/output-${kind}.f32`, bytes);
  }
  return { seconds };
}

console.log(JSON.stringify({ versions: specifier.replace("npm:", "") }));
let rest = "";
for await (const part of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const commands = (rest + part).split("\n");
  rest = commands.pop()!;
  for (const command of commands) console.log(JSON.stringify(await answer(command)));
}
Deno.exit(0);
