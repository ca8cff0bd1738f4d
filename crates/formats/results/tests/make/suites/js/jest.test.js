describe("suite", () => {
  test("passes", () => {});
  test("fails", () => { console.log("before"); expect(1).toBe(2); });
  test.skip("is skipped", () => {});
  test.todo("is to do");
  test("has a \u001b[31m <hostile> & \"name\"", () => {});
});
