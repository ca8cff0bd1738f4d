const test = require("tape");
test("passes", (t) => { t.ok(true, "one"); t.ok(true, "two"); t.end(); });
test("fails", (t) => { t.equal(1, 2, "one is not two"); t.end(); });
test("skips", { skip: true }, (t) => { t.end(); });
test("to do", { todo: true }, (t) => { t.ok(false, "known"); t.end(); });
