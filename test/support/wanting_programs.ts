/** Tests for a machine that lacks fish and Redis: `test/run_test.ts` runs them. */
import { testWith } from "./programs.ts";

Deno.test("nothing is needed", () => {});
testWith()("nothing is named", () => {});
testWith("fish")("a shell is needed", () => {});
testWith("fish")("the shell is needed again", () => {});
testWith("fish", "redis-server")("both are needed", () => {});
