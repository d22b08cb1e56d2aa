import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { parseAllDocuments } from "yaml";
import * as apps from "kubernetes-models/apps/v1";
import * as batch from "kubernetes-models/batch/v1";
import * as core from "kubernetes-models/v1";
import { exampleModel, projectFolder } from "../cli/run_cli.ts";
import { putBuilt } from "../support/built.ts";
import { runChild } from "../support/children.ts";
import { testWith } from "../support/programs.ts";

const steps = (await Deno.readTextFile(join(projectFolder, "Containerfile"))).split("\n")
  .flatMap((line) => {
    const [, name, value] = line.match(/^([A-Z]+) (.*)$/) ?? [];
    return name === undefined ? [] : [{ name, value }];
  });

const valueOf = (wanted: string) => steps.find(({ name }) => name === wanted)!.value;

/** What may go into the image beside Alpine and its Node. */
const MOST_COPIED_BYTES = 6e6;

/** Nobody but root may be another. */
const IS_ROOT =
  (await runChild([Deno.execPath(), "eval", "console.log(Deno.uid())"], projectFolder)).trim() ===
    "0";

testWith("node")("what the container starts runs for a user who may write nothing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [source, target] = valueOf("COPY").split(" ").slice(-2);
    assert.equal(basename(source), "secateur.js");
    const [program, script] = JSON.parse(valueOf("ENTRYPOINT"));
    assert.deepEqual([program, script], ["node", target]);
    await putBuilt("bundles", folder);
    const { size } = await Deno.stat(join(folder, basename(script)));
    assert.ok(size < MOST_COPIED_BYTES, `${size} bytes go into the image`);
    const [uid, gid] = valueOf("USER").split(":").map(Number);
    assert.ok(uid > 0 && gid > 0);
    await Deno.chmod(folder, 0o555);
    const model = join(folder, "model");
    await copyModel(model);
    const start = async (user: { uid?: number; gid?: number }) =>
      await new Deno.Command(program, {
        args: [join(folder, basename(script)), "inspect", model, "--json"],
        cwd: folder,
        clearEnv: true,
        env: { PATH: Deno.env.get("PATH")! },
        ...user,
      }).output();
    const { code, stdout, stderr } = await start(IS_ROOT ? { uid, gid } : {}).catch((error) => {
      // Node may stand in a folder of root's that others cannot look into.
      if (error instanceof Deno.errors.PermissionDenied) return start({});
      throw error;
    });
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.equal(JSON.parse(new TextDecoder().decode(stdout)).params, 78_298);
  } finally {
    await Deno.chmod(folder, 0o755);
    await Deno.remove(folder, { recursive: true });
  }
});

async function copyModel(folder: string): Promise<void> {
  await Deno.mkdir(folder);
  const source = join(projectFolder, exampleModel);
  for (const { name } of Deno.readDirSync(source)) {
    await Deno.copyFile(join(source, name), join(folder, name));
  }
}

/** What Kubernetes has, by its version. */
const KINDS: Readonly<Record<string, object>> = { "apps/v1": apps, "batch/v1": batch, v1: core };

/** What Kubernetes says of an object: it throws with the place of a fault. */
function validate({ apiVersion, kind, ...fields }: Record<string, unknown>): void {
  const kinds = KINDS[String(apiVersion)] as Record<string, new (fields: object) => Checked>;
  new kinds[String(kind)](fields).validate();
}

interface Checked {
  validate(): void;
}

Deno.test("the manifest for Kubernetes is as its schemas say", async () => {
  const text = await Deno.readTextFile(join(projectFolder, "docs/workers.yaml"));
  const objects = parseAllDocuments(text).map((document) => document.toJS());
  assert.equal(objects.length, 7);
  for (const object of objects) validate(object);
  const deployment = objects.find(({ kind }) => kind === "Deployment");
  assert.throws(() => validate({ ...deployment, spec: { replicas: "ten" } }), /spec/);
});
