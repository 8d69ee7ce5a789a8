// A tiny static server of the built application, with the policy that the real
// one sends, so that every violation of it is seen here.
import { createReadStream, existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const dist = fileURLToPath(new URL("../dist", import.meta.url));

export const POLICY =
  "default-src 'self'; media-src 'self' blob:; img-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/** VERIFIER is the policy of the one script that may compile WebAssembly (signaling/static.go). */
const VERIFIER = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
};

/** serve listens on a free port of the loopback and returns its address. */
export async function serve(): Promise<{ url: string; server: Server }> {
  const server = createServer((req, res) => {
    const path = normalize(new URL(req.url ?? "/", "http://localhost").pathname);
    // As the real server does: an address without an extension is a page of the application.
    const office = /^\/(cong-viec|thiet-bi)(\/|$)/.test(path);
    const check = path === "/kiem-tra";
    const page = office ? "office.html" : check ? "verify.html" : "index.html";
    const file = join(dist, extname(path) === "" ? page : path);
    if (!file.startsWith(dist) || !existsSync(file)) {
      res.writeHead(404).end();
      return;
    }
    res.writeHead(200, {
      "Content-Type": types[extname(file)] ?? "application/octet-stream",
      "Content-Security-Policy": path.startsWith("/assets/verifier-") ? VERIFIER : POLICY,
    });
    createReadStream(file).pipe(res);
  });
  await new Promise<void>((ready) => {
    server.listen(0, "127.0.0.1", ready);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://localhost:${port}`, server };
}
