// Starts a real Chromium that reaches this machine and no other.
import { chromium } from "playwright-core";

const FLAGS = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", // whatever asks for another host fails
  "--no-first-run",
  "--no-sandbox", // containers that run tests as root have no sandbox to offer
];

export async function launch(executablePath, profile) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: FLAGS,
    headless: true,
    viewport: { width: 1440, height: 900 },
  });
  context.setDefaultTimeout(30_000);
  return context;
}
