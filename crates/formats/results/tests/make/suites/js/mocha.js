const assert = require("node:assert");
describe("suite", () => {
  it("passes", () => {});
  it("fails", () => { assert.equal(1, 2); });
  it.skip("is skipped", () => {});
  it("is pending");
});
describe("broken", () => {
  before(() => { throw new Error("no board at all"); });
  it("never runs", () => {});
});
