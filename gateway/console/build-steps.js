// Two steps that end the build: fonts become files of their own, and text gets a compressed twin.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const INLINE_FONT = /url\(\s*["']?data:font\/(\w+);base64,([A-Za-z0-9+/=]+)["']?\s*\)/g;
const TEXT = /\.(js|css|svg|html)$/;

// A font inside a style sheet is always fetched, and needs a policy that lets data in as a font.
export function fontFiles() {
  return {
    name: "font-files",
    enforce: "post",
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (!file.fileName.endsWith(".css")) continue;
        file.source = String(file.source).replace(INLINE_FONT, (_match, kind, base64) => {
          const source = Buffer.from(base64, "base64");
          const hash = createHash("sha256").update(source).digest("hex").slice(0, 8);
          this.emitFile({ type: "asset", fileName: `assets/font-${hash}.${kind}`, source });
          return `url(font-${hash}.${kind})`;
        });
      }
    },
  };
}

// Compressed once here, not per request by the gateway.
export function compressedTwins() {
  return {
    name: "compressed-twins",
    enforce: "post",
    writeBundle({ dir }) {
      for (const name of readdirSync(dir, { recursive: true })) {
        if (!TEXT.test(name)) continue;
        const path = join(dir, name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}
