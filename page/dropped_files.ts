/**
 * Files that were chosen in a dialog, by their paths in the folder when one was chosen.
 *
 * @param list What was chosen.
 * @returns The files by path.
 */
export function chosenFiles(list: FileList): Map<string, Blob> {
  return new Map(Array.from(list, (file) => [file.webkitRelativePath || file.name, file]));
}

/**
 * Files that were dropped, those in folders too.
 *
 * @param transfer What was dropped.
 * @returns The files by path.
 */
export async function droppedFiles(transfer: DataTransfer): Promise<Map<string, Blob>> {
  // The list is emptied at the end of the event: all is taken from it before anything is awaited. Text has neither.
  const items = Array.from(transfer.items, (item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const files = new Map<string, Blob>();
  for (const item of items) {
    if (item instanceof File) files.set(item.name, item);
    else if (item) await collectFiles(item, files);
  }
  return files;
}

async function collectFiles(entry: FileSystemEntry, files: Map<string, Blob>): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject)
    );
    files.set(entry.fullPath.replace(/^\//, ""), file);
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // Browsers give the entries of a folder by the hundred, and none at its end.
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject)
    );
    if (batch.length === 0) return;
    for (const inner of batch) await collectFiles(inner, files);
  }
}
