import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The build carries everything it needs: no address outside the own origin, no
// inline script or style, fonts as files, so that "default-src 'self'" holds.
export default defineConfig({
  plugins: [react()],
  base: "/",
  build: {
    outDir: "dist",
    emptyOutDir: true, // public/.keep puts the tracked dist/.keep back
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    sourcemap: false,
  },
});
