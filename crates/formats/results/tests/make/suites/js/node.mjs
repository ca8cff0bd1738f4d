import { describe, it, test } from "node:test";
import assert from "node:assert";
describe("suite", () => {
  it("passes", () => {});
  it("fails", () => { assert.equal(1, 2); });
  it.skip("is skipped", () => {});
  it.todo("is to do", () => { assert.equal(1, 2); });
});
test("alone # not a directive", () => {});
