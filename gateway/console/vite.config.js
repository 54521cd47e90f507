import { defineConfig } from "vite";

import { compressedTwins, fontFiles } from "./build-steps.js";

export default defineConfig({
  base: "./", // so that the built page works below any path
  plugins: [fontFiles(), compressedTwins()],
  build: {
    assetsInlineLimit: 0, // the page's policy lets nothing in but files of its own host
    chunkSizeWarningLimit: 3000, // Monaco, in kB; loaded after the page stands
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // "use client" speaks to server rendering, which this page does not know.
      checks: { moduleLevelDirective: false },
    },
  },
  server: { proxy: { "/graphql": "http://127.0.0.1:8000" } },
});
