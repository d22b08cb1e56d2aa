import { useRef, useState } from "preact/hooks";
import { chosenFiles, droppedFiles } from "./dropped_files.ts";
import type { DroppedFiles } from "./unpack.ts";

/** Lets a folder be chosen; Preact's types do not know it. */
const ANY_FOLDER = { webkitdirectory: true };

interface DropZoneProps {
  /** What is dropped here, a word. */
  readonly what: string;
  /** What that may be. */
  readonly hint: string;
  /** Given the files. */
  readonly onFiles: (files: DroppedFiles) => void;
}

/** A place for files: they are dropped on it, or chosen by its buttons. */
export function DropZone({ what, hint, onFiles }: DropZoneProps) {
  const [isOver, setOver] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const choose = ({ currentTarget }: { currentTarget: HTMLInputElement }) => {
    if (currentTarget.files?.length) onFiles(chosenFiles(currentTarget.files));
    // The same files can be chosen again, once they are mended.
    currentTarget.value = "";
  };
  return (
    <div
      class={isOver ? "drop over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={async (event) => {
        event.preventDefault();
        setOver(false);
        const dropped = await droppedFiles(event.dataTransfer!);
        if (dropped.size > 0) onFiles(dropped);
      }}
    >
      <p>{hint}</p>
      <input ref={files} type="file" multiple hidden onChange={choose} />
      <input ref={folder} type="file" hidden onChange={choose} {...ANY_FOLDER} />
      <button type="button" onClick={() => files.current!.click()}>
        Choose files<span class="unseen">of the {what}</span>
      </button>{" "}
      <button type="button" onClick={() => folder.current!.click()}>
        Choose a folder<span class="unseen">of the {what}</span>
      </button>
    </div>
  );
}
