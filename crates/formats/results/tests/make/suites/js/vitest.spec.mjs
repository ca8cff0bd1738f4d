import { afterAll, describe, expect, test } from "vitest";
describe("suite", () => {
  test("passes", () => {});
  test("fails", () => { expect(1).toBe(2); });
  test.skip("is skipped", () => {});
  test.todo("is to do");
  test.fails("fails as it should", () => { expect(1).toBe(2); });
});
describe("uncaught", () => {
  test("throws later", () => { setTimeout(() => { throw new Error("after the test"); }, 1); });
  afterAll(() => new Promise((done) => setTimeout(done, 50)));
});
