import { readFileSync } from "node:fs";
import { defineConfig } from "vite";

// The licences of what is bundled travel with the bundle.
const bundled = ["preact", "@preact/signals", "@preact/signals-core", "topojson-client", "uplot", "@fontsource-variable/inter"];

function licences() {
  return {
    name: "licences",
    generateBundle() {
      const texts = bundled.map((name) => {
        const folder = new URL(`node_modules/${name}/`, import.meta.url);
        const { version, license } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));
        return `${name} ${version} (${license})\n\n${readFileSync(new URL("LICENSE", folder), "utf8").trim()}\n`;
      });
      this.emitFile({
        type: "asset",
        fileName: "assets/licences.txt",
        source: texts.join(`\n${"-".repeat(78)}\n\n`),
      });
    },
  };
}

// Fixed file names: the committed bundle stays the same set of files, and the server revalidates by content.
export default defineConfig({
  base: "/",
  plugins: [licences()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: false,
    reportCompressedSize: true,
    rolldownOptions: {
      output: {
        entryFileNames: "assets/app.js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
        // What everybody loads is one file: with three that come later what all of them share would be another one.
        codeSplitting: { groups: [{ name: "app", tags: ["$initial"] }] },
      },
    },
  },
  worker: { rolldownOptions: { output: { entryFileNames: "assets/[name].js" } } },
  server: { proxy: { "/api": process.env.BASE_URL ?? "http://127.0.0.1:8080" } },
});
