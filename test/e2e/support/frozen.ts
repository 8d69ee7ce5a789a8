import { type Browser, type BrowserServer, chromium } from "@playwright/test";

/**
 * FreezableBrowser is a Chromium whose processes can be stopped where they are:
 * to the server its link is a pulled cable, without a farewell on any socket.
 */
export class FreezableBrowser {
  readonly browser: Browser;
  private readonly server: BrowserServer;

  private constructor(server: BrowserServer, browser: Browser) {
    this.server = server;
    this.browser = browser;
  }

  static async launch(args: string[]): Promise<FreezableBrowser> {
    const server = await chromium.launchServer({ executablePath: "/usr/bin/chromium", args });
    return new FreezableBrowser(server, await chromium.connect(server.wsEndpoint()));
  }

  /** whileFrozen stops all its processes for as long as something is looked at. */
  async whileFrozen(look: () => Promise<void>): Promise<void> {
    // Its processes are a group of their own, led by the first.
    const group = -this.server.process().pid!;
    process.kill(group, "SIGSTOP");
    try {
      await look();
    } finally {
      process.kill(group, "SIGCONT");
    }
  }

  async close(): Promise<void> {
    await this.server.close();
  }
}
