require("./no-such-module-of-ours");
test("never", () => {});
