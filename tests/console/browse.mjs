// Opens the console in a real Chromium, runs the first example, opens the docs; prints what it saw as JSON.
// Usage: node browse.mjs CONSOLE_URL CHROMIUM PROFILE_FOLDER [SCREENSHOT_FOLDER]
import { join } from "node:path";

import { chromium } from "playwright-core";

const [url, executablePath, profile, shots] = process.argv.slice(2);
const FLAGS = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
  "--no-sandbox", // containers that run tests as root have no sandbox to offer
];
const seen = { requests: [], messages: [], violations: [], failures: [] };

const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  args: FLAGS,
  headless: true,
  viewport: { width: 1440, height: 900 },
});
context.setDefaultTimeout(30_000);
context.on("request", (request) => seen.requests.push(request.url()));
context.on("requestfailed", (request) => seen.failures.push(request.url()));
await context.exposeFunction("reportViolation", (text) => seen.violations.push(text));
await context.addInitScript(() =>
  document.addEventListener("securitypolicyviolation", (event) =>
    globalThis.reportViolation(`${event.effectiveDirective} ${event.blockedURI}`),
  ),
);

const page = context.pages()[0] ?? (await context.newPage());
page.on("console", (message) => {
  if (["error", "warning"].includes(message.type())) seen.messages.push(message.text());
});
page.on("pageerror", (error) => seen.messages.push(String(error)));

async function shoot(name) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
}

/** The whole text of an editor: what is scrolled out of sight is not in the document. */
async function run(name) {
  const answered = page.waitForResponse(
    (response) => response.request().postData()?.includes(`query ${name}`) ?? false,
  );
  await page.getByRole("button", { name: /execute query/i }).click();
  const answer = await (await answered).json();
  await page.locator(".result-window .view-line", { hasText: "data" }).first().waitFor();
  return answer;
}

await page.goto(url);
const tabs = page.getByRole("tab");
await page.locator(".graphiql-query-editor .view-line").first().waitFor();
seen.title = await page.title();
seen.language = await page.locator("html").getAttribute("lang");
seen.tabs = await tabs.allInnerTexts();

seen.answer = await run(seen.tabs[0]);
seen.lines = await page.locator(".result-window .view-line").allInnerTexts();
await shoot("answer");

await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
await page.locator(".graphiql-doc-explorer").waitFor();
await page.locator(".graphiql-doc-explorer").getByRole("link", { name: "Query" }).click();
await page.locator(".graphiql-doc-explorer-field-name, .graphiql-doc-explorer-item").first().waitFor();
seen.docs = await page.locator(".graphiql-doc-explorer").innerText();
await shoot("docs");

await page.getByRole("button", { name: "Show Examples" }).click();
seen.examples = await page.getByRole("region", { name: "Examples" }).getByRole("button").allInnerTexts();
await page.getByRole("region", { name: "Examples" }).getByRole("button").last().click();
await shoot("examples");
seen.last = await run(seen.tabs[seen.tabs.length - 1]);

seen.workers = page.workers().map((worker) => worker.url());
seen.stored = await page.evaluate(() => Object.keys(localStorage));
await context.close();
console.log(JSON.stringify(seen));
