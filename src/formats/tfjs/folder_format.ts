/** What a folder of TensorFlow.js can hold: a layers model or a graph model. */
export type FolderFormat = "layers" | "graph";
