import { request } from "node:http";

export interface Answer {
  status: number;
  location: string;
  text: string;
}

/**
 * ask sends a request to 127.0.0.1 under another host's name, as a browser does
 * for ROLE.localhost (Node resolves no such name, and its fetch sets no Host).
 */
export function ask(
  port: number,
  host: string,
  method: string,
  path: string,
  body?: { type: string; text: string },
): Promise<Answer> {
  return new Promise((done, fail) => {
    const headers: Record<string, string> = { host, origin: `http://${host}` };
    if (body) headers["content-type"] = body.type;
    const req = request(
      { host: "127.0.0.1", port, method, path, headers, timeout: 5_000 },
      (res) => {
        let text = "";
        res.setEncoding("utf8");
        res.on("data", (chunk: string) => (text += chunk));
        res.once("error", fail);
        res.once("end", () =>
          done({ status: res.statusCode ?? 0, location: res.headers.location ?? "", text }),
        );
      },
    );
    req.once("error", fail);
    req.once("timeout", () => req.destroy(new Error(`${method} ${path}: no answer within 5 s`)));
    req.end(body?.text);
  });
}
