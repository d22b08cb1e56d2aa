import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder, writeChangedModel, writeSmallData } from "./fixtures.ts";
import { exampleData, exampleModel, projectFolder, runCli } from "./run_cli.ts";

/** Files that are wrong, in a folder. */
async function writeWrongFiles(folder: string): Promise<void> {
  const write = (name: string, text: string) => Deno.writeTextFile(join(folder, name), text);
  await Deno.mkdir(join(folder, "empty"));
  await Deno.mkdir(join(folder, "halved"));
  await Deno.mkdir(join(folder, "lone", "test"), { recursive: true });
  await writeSmallData(join(folder, "data"));
  await writeSmallData(join(folder, "unlabeled"));
  await Deno.remove(join(folder, "unlabeled", "train-labels-idx1-ubyte"));
  await write("notes.txt", "no model");
  await write("broken.json", '{"modelTopology": ');
  await write("limits.json", '{"speed": 9}');
  await write("ratios", "0.5,2");
  await writeChangedModel(join(folder, "weightless"), () => {});
  await Deno.remove(join(folder, "weightless", "group1-shard1of1.bin"));
  await writeChangedModel(join(folder, "strange"), (model) => {
    model.modelTopology.config.layers[3].class_name = "Fancy2D";
  });
  await writeChangedModel(join(folder, "typeless"), (model) => {
    model.weightsManifest[0].weights[0].dtype = "complex64";
  });
}

const data = ["--data", exampleData];

/** Wrong input: what the message is to name, and what it is to say that is to be done. */
const WRONG: Record<string, { args: string[]; names: string; action: RegExp }> = {
  "a model that is not there": {
    args: ["inspect", "nowhere"],
    names: "nowhere",
    action: /check the path/,
  },
  "a file that is no model": {
    args: ["inspect", "FOLDER/notes.txt"],
    names: "notes.txt",
    action: /convert it/,
  },
  "a folder without a model": {
    args: ["inspect", "FOLDER/empty"],
    names: "empty",
    action: /give the folder that holds it/,
  },
  "a model.json that was cut off": {
    args: ["inspect", "FOLDER/broken.json"],
    names: "broken.json",
    action: /copy it again/,
  },
  "a model whose weights are not there": {
    args: ["bench", "FOLDER/weightless"],
    names: "group1-shard1of1.bin",
    action: /check the path/,
  },
  "a model with a layer that tfjs does not know": {
    args: ["eval", "FOLDER/strange", ...data, "--workers", "1"],
    names: "Fancy2D",
    action: /mend the model where it was made/,
  },
  "a weight of an unknown type": {
    args: ["fold", "FOLDER/typeless", "FOLDER/out"],
    names: "conv1/kernel",
    action: /convert the model/,
  },
  "data that is not there": {
    args: ["eval", exampleModel, "--data", "nowhere"],
    names: "nowhere",
    action: /check the path/,
  },
  "data without labels of its images": {
    args: ["calibrate", exampleModel, "--data", "FOLDER/unlabeled", "--out", "FOLDER/out"],
    names: "train-labels-idx1-ubyte",
    action: /add the file that is missing/,
  },
  "a test split without a train split": {
    args: ["eval", exampleModel, "--data", "FOLDER/lone"],
    names: "test/",
    action: /add it, or give test\/ itself/,
  },
  "data with too few images": {
    args: [
      ...["train", "--net", "resnet8", "--data", "FOLDER/data", "--out", "FOLDER/out"],
      ...["--batch-size", "128"],
    ],
    names: "80 images",
    action: /lower --validation-images or --batch-size, or add images/,
  },
  "a network that is not built": {
    args: ["train", "--net", "resnet9", ...data, "--out", "FOLDER/out"],
    names: "--net",
    action: /give /,
  },
  "no network": {
    args: ["train", ...data, "--out", "FOLDER/out"],
    names: "--net",
    action: /give --net or --resnet-size/,
  },
  "an entry of a ratio list": {
    args: [
      ...["prune", exampleModel, ...data, "--out", "FOLDER/out", "--workers", "1"],
      ...["--prune-option", "list", "--prune-list-file", "FOLDER/ratios"],
    ],
    names: 'ratios: found "2" as entry 2',
    action: /mend the entry/,
  },
  "a limit that nobody knows": {
    args: ["check", exampleModel, "--budget", "FOLDER/limits.json"],
    names: 'limits.json: found the limit "speed"',
    action: /mend the name/,
  },
  "a budget that is not there": {
    args: ["check", exampleModel, "--budget", "nowhere.json"],
    names: "--budget nowhere.json",
    action: /check the path/,
  },
  "statistics that are none": {
    args: ["merge", "FOLDER/notes.txt", "--out", "FOLDER/out"],
    names: "notes.txt",
    action: /give such a file/,
  },
  "a result that would replace another": {
    args: ["convert", exampleModel, "FOLDER/data"],
    names: "data",
    action: /choose another or replace it with --force/,
  },
  "a result below a file": {
    args: ["fold", exampleModel, "FOLDER/notes.txt/out"],
    names: "notes.txt/out",
    action: /give a path whose parents are folders/,
  },
  "a type that a format does not have": {
    args: ["convert", exampleModel, "FOLDER/out.onnx", "--quantize", "uint8"],
    names: "--quantize uint8",
    action: /leave --quantize out/,
  },
  "an option that is mistyped": {
    args: ["fold", exampleModel, "FOLDER/out", "--quantise", "uint8"],
    names: "--quantise",
    action: /did you mean --quantize/,
  },
};

Deno.test("wrong input gives one line that names it and ends with what to do", async (t) => {
  await inTempFolder(async (folder) => {
    await writeWrongFiles(folder);
    for (const [what, { args, names, action }] of Object.entries(WRONG)) {
      await t.step(what, async () => {
        const { code, stdout, stderr } = await runCli(
          args.map((argument) => argument.replace("FOLDER", folder)),
        );
        const message = stderr.trimEnd().split("\n").at(-1)!;
        assert.ok(code === 1 || code === 2, `exit code ${code}`);
        assert.equal(stdout, "");
        assert.match(message, /^secateur: /);
        assert.ok(message.includes(names), message);
        assert.match(message.split("; ").at(-1)!, action);
      });
    }
  });
});

Deno.test("what Deno does not allow is named with the flag that allows it", async () => {
  const { code, stderr } = await runCli(["inspect", exampleModel], ["--allow-write"]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^secateur: opening the model cli.*; run again with the --allow-read flag\n$/,
  );
});

Deno.test("a defect is one line that asks for a report, and shows its stack under --verbose", async () => {
  const { code, stdout, stderr } = await runDefect();
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /^secateur: TypeError: broken on purpose; .*--verbose and report.*\n$/);
  const told = await runDefect("--verbose");
  assert.equal(told.code, 1);
  assert.match(told.stderr, /TypeError: broken on purpose\n +at /);
});

async function runDefect(...more: string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", "--allow-read", "test/cli/broken_secateur.ts"],
      ...["inspect", exampleModel, ...more],
    ],
    cwd: projectFolder,
  });
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Messages that are put together of others, which say what to do themselves. */
const JOINED = ["src/formats/graph_model/complaints.ts", "src/formats/import/import_call.ts"];

Deno.test("every error of the sources says what to do behind a semicolon", async () => {
  let count = 0;
  const silent: string[] = [];
  for (const folder of ["src", "cli"]) {
    for await (const path of sourceFiles(folder)) {
      if (JOINED.includes(path)) continue;
      const text = await Deno.readTextFile(join(projectFolder, path));
      for (const [, message] of text.matchAll(/new (?:Input|Usage)Error\((.*?)\);\n/gs)) {
        count++;
        const isWritten = /["`]/.test(message);
        const saysWhatToDo = message.includes("; ") || message.includes("withAction(");
        if (isWritten && !saysWhatToDo) silent.push(`${path}: ${message}`);
      }
    }
  }
  assert.ok(count > 100);
  assert.deepEqual(silent, []);
});

async function* sourceFiles(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(join(projectFolder, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sourceFiles(path);
    else if (name.endsWith(".ts")) yield path;
  }
}
