/**
 * The page: a model and images are dropped, and a smaller model is downloaded. `deno task page` makes dist/page of it.
 *
 * @module
 */
import { render } from "preact";
import { App } from "./app.tsx";

// A file that misses its place would be opened instead of the page, and what was loaded would be lost.
for (const type of ["dragover", "drop"]) {
  addEventListener(type, (event) => event.preventDefault());
}
render(<App />, document.getElementById("page")!);
