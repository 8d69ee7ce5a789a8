import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type HtmlTagDescriptor, type Plugin } from "vite";

/** What does not shrink is not packed, and what is tiny costs more in the asking. */
const PACKED = /\.(js|css|svg|wasm)$/;
const LEAST = 1024;

/**
 * packs writes every script and style beside itself in Brotli and in gzip: a court's
 * line of 1 Mbit/s carries a third of the bytes, and the server packs nothing while
 * somebody waits (signaling/static.go).
 */
function packs(): Plugin {
  return {
    name: "packs",
    apply: "build",
    writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle)) {
        if (dir === undefined || !PACKED.test(name)) continue;
        const file = join(dir, name);
        const bytes = readFileSync(file);
        if (bytes.length < LEAST) continue;
        const params = {
          // The best of a program of megabytes takes half a minute and saves a tenth.
          [constants.BROTLI_PARAM_QUALITY]: name.endsWith(".wasm") ? 9 : constants.BROTLI_MAX_QUALITY,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        };
        writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

/**
 * preloads names in each page what its small first script will import, so that the
 * browser fetches both at once instead of one after the other; their styles stand
 * there too, for the first frame.
 */
function preloads(): Plugin {
  return {
    name: "preloads",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle, chunk }) {
        if (!bundle || !chunk) return [];
        // What the page names already: its script, and what that imports.
        const named = [chunk.fileName, ...chunk.imports];
        const names = new Set<string>(named);
        const add = (name: string): void => {
          const part = bundle[name];
          if (names.has(name) || part?.type !== "chunk") return;
          names.add(name);
          for (const next of part.imports) add(next);
        };
        for (const name of chunk.dynamicImports) add(name);
        for (const name of named) names.delete(name);
        const styles = new Set<string>();
        for (const name of names) {
          const part = bundle[name];
          if (part?.type !== "chunk") continue;
          for (const style of part.viteMetadata?.importedCss ?? []) styles.add(style);
        }
        const link = (attrs: Record<string, string>): HtmlTagDescriptor => ({
          tag: "link",
          attrs: { crossorigin: "", ...attrs },
          injectTo: "head",
        });
        return [
          ...[...names].map((n) => link({ rel: "modulepreload", href: `/${n}` })),
          ...[...styles].map((n) => link({ rel: "stylesheet", href: `/${n}` })),
        ];
      },
    },
  };
}

// The build carries everything it needs: no address outside the own origin, no
// inline script or style, fonts as files, so that "default-src 'self'" holds.
export default defineConfig({
  plugins: [react(), preloads(), packs()],
  base: "/",
  // The server knows the script by its name: it alone may compile WebAssembly.
  worker: {
    format: "es",
    rolldownOptions: { output: { entryFileNames: "assets/verifier-[hash].js" } },
  },
  build: {
    outDir: "dist",
    // A page each: who waits for the calendar does not wait for the hearing's script.
    rolldownOptions: { input: ["index.html", "office.html", "verify.html"] },
    emptyOutDir: true, // public/.keep puts the tracked dist/.keep back
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    sourcemap: false,
  },
});
