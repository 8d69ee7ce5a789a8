import { defineConfig } from "@playwright/test";

// Screens of the built application (npm run build first), each in its states.
export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  // Where nobody watches, a screen that failed is tried once more, and named all the same.
  retries: process.env["CI"] ? 1 : 0,
  // One for each core of the smallest machine that runs them; tests share nothing.
  workers: 2,
  fullyParallel: true,
  // Ten screens at four sizes, each judged by axe, on a machine that does other work too.
  timeout: 180_000,
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    permissions: ["camera", "microphone"],
    locale: "vi-VN",
    timezoneId: "Asia/Ho_Chi_Minh",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-features=WebRtcHideLocalIpsWithMdns",
      ],
    },
  },
});
