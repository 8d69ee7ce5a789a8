// sbom.mjs WEB: reads `go version -m` from standard input and WEB/package-lock.json,
// writes a CycloneDX 1.5 bill of materials (ECMA-424) to standard output.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const web = process.argv[2];

/** What `go version -m` says: path, version and sum of main and linked modules, settings. */
function readBinary(text) {
  const lines = text.split("\n");
  const found = { go: lines[0].match(/: (go\S+)/)?.[1], main: null, modules: [], settings: {} };
  for (const line of lines.slice(1)) {
    const [, kind, ...rest] = line.split("\t");
    if (kind === "mod") found.main = { path: rest[0], version: rest[1] };
    if (kind === "dep") found.modules.push({ path: rest[0], version: rest[1], sum: rest[2] });
    // The module that stands in the place of the line before.
    if (kind === "=>") found.modules[found.modules.length - 1] = { path: rest[0], version: rest[1], sum: rest[2] };
    if (kind === "build") {
      const at = rest[0].indexOf("=");
      found.settings[rest[0].slice(0, at)] = rest[0].slice(at + 1);
    }
  }
  if (!found.go || !found.main) throw new Error("no Go binary with module information");
  return found;
}

const escapePath = (path) => path.split("/").map(encodeURIComponent).join("/");

function goComponent(m) {
  const purl = `pkg:golang/${escapePath(m.path)}@${encodeURIComponent(m.version)}`;
  const component = { type: "library", "bom-ref": purl, name: m.path, version: m.version, purl };
  // A hash over the module's files (golang.org/x/mod/sumdb/dirhash), not over one file.
  if (m.sum) component.properties = [{ name: "go:sum", value: m.sum }];
  return component;
}

/** Packages of the lock that are not for development alone. */
function npmComponents(folder) {
  const lock = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"));
  const out = new Map();
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === "" || entry.dev || entry.devOptional || entry.link) continue;
    const name = entry.name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    const purl = `pkg:npm/${name.startsWith("@") ? `%40${name.slice(1)}` : name}@${entry.version}`;
    const component = { type: "library", "bom-ref": purl, name, version: entry.version, purl };
    const [algorithm, digest] = (entry.integrity ?? "").split(" ")[0].split(/-(.*)/s);
    if (algorithm === "sha512") {
      component.hashes = [{ alg: "SHA-512", content: Buffer.from(digest, "base64").toString("hex") }];
    }
    const license = entry.license ?? installedLicense(join(folder, "..", "web", path));
    if (license) {
      component.licenses = /[ ()]/.test(license) ? [{ expression: license }] : [{ license: { id: license } }];
    }
    out.set(purl, component);
  }
  return [...out.values()];
}

function installedLicense(folder) {
  const file = join(folder, "package.json");
  if (!existsSync(file)) return undefined;
  const { license } = JSON.parse(readFileSync(file, "utf8"));
  return typeof license === "string" ? license : undefined;
}

const binary = readBinary(readFileSync(0, "utf8"));
const components = [
  goComponent({ path: "std", version: binary.go.replace(/^go/, "") }),
  ...binary.modules.map(goComponent),
  ...npmComponents(web),
].sort((a, b) => (a.purl < b.purl ? -1 : 1));
const version = binary.settings["vcs.revision"] ?? binary.main.version;
const root = { type: "application", "bom-ref": "phientoa", name: "phientoa", version };
const bom = {
  bomFormat: "CycloneDX",
  specVersion: "1.5",
  version: 1,
  metadata: { component: root },
  components,
  dependencies: [{ ref: "phientoa", dependsOn: components.map((c) => c["bom-ref"]) }],
};
if (binary.settings["vcs.time"]) bom.metadata.timestamp = binary.settings["vcs.time"];
// A name of its own that follows from the content (RFC 9562, version 8).
const hex = [...createHash("sha256").update(JSON.stringify(bom)).digest("hex").slice(0, 32)];
hex[12] = "8";
hex[16] = "8";
const id = hex.join("").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
process.stdout.write(`${JSON.stringify({ ...bom, serialNumber: `urn:uuid:${id}` }, null, 2)}\n`);
