import { defineConfig } from "@playwright/test";

// The tests drive the real binary with real browsers. One worker: a hearing has
// several browsers of its own, and figures of a loaded machine mean nothing.
export default defineConfig({
  testDir: ".",
  outputDir: "results/playwright",
  workers: 1,
  // Where nobody watches, a journey that failed is tried once more, and named all the
  // same. The laws of wire and record (room, rawpeer, kill, outage) are not.
  retries: process.env["CI"] ? 1 : 0,
  forbidOnly: !!process.env["CI"],
  timeout: 180_000,
  expect: { timeout: 15_000 },
  globalSetup: "./support/setup.ts",
  reporter: [["list"]],
});
