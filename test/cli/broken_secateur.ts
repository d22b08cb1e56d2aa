/** `secateur` with a defect: nothing can be printed as JSON or text of its own. */
console.log = () => {
  throw new TypeError("broken on purpose");
};
await import("../../cli/main.ts");
