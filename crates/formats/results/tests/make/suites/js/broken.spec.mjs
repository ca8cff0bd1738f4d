import { test } from "vitest";
import "./no-such-module-of-ours.mjs";
test("never", () => {});
