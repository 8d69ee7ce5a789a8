import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The tree's root, and what the tests make below it. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
export const BINARY = process.env["PHIENTOA_BINARY"] ?? join(ROOT, "bin", "phientoa");
export const RESULTS = join(ROOT, "test", "e2e", "results");
export const SHOTS = join(RESULTS, "screens");
export const MEDIA = join(RESULTS, "media");
export const PEER = join(ROOT, "test", "e2e", "peer.py");
/** LONG: the depth of `make long` instead of `make test`. */
export const LONG = (process.env["PHIENTOA_E2E_LONG"] ?? "") !== "";
/** The address of this network namespace that is not loopback, or empty (scripts/netns.sh). */
export const NS_ADDRESS = process.env["PHIENTOA_NS_ADDRESS"] ?? "";
