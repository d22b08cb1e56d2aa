import type { ModelFile } from "../src/browser.ts";
import { JobStatus } from "./job_status.tsx";
import type { Download, DownloadFormat } from "./jobs.ts";
import { useJob } from "./use_job.ts";

const FORMATS: readonly [format: DownloadFormat, label: string][] = [
  ["tfjs", "TensorFlow.js (.zip)"],
  ["keras", "Keras (.keras)"],
  ["onnx", "ONNX (.onnx)"],
  ["tflite", "TensorFlow Lite (.tflite)"],
];

interface DownloadsProps {
  readonly model: ModelFile;
  readonly stem: string;
  readonly disabled: boolean;
}

/** Buttons that give the smaller model as a file. */
export function Downloads({ model, stem, disabled }: DownloadsProps) {
  const job = useJob();
  const download = async (format: DownloadFormat) => {
    const file = await job.run("write", { model, stem, format }, "Writing");
    if (file) offer(file);
  };
  return (
    <>
      <div class="buttons" role="group" aria-label="Download the smaller model">
        {FORMATS.map(([format, label], index) => (
          <button
            key={format}
            type="button"
            class={index === 0 ? "primary" : ""}
            disabled={disabled || job.progress !== undefined}
            onClick={() => download(format)}
          >
            <span class="unseen">Download for</span> {label}
          </button>
        ))}
      </div>
      <p class="hint">
        The zip has an index.html that uses the model: unpack it, serve the folder (for instance
        with <code>npx serve</code>), and give it an image.
      </p>
      <JobStatus job={job} />
    </>
  );
}

function offer({ name, bytes }: Download): void {
  const url = URL.createObjectURL(new Blob([bytes]));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  // Some browsers read the file after this event.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
