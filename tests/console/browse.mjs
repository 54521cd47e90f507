// Opens the console in a real Chromium, uses it as a person would, and prints what it saw as JSON.
// Usage: node browse.mjs CONSOLE_URL CHROMIUM PROFILE_FOLDER
import { launch } from "./launch.mjs";

const [url, executablePath, profile] = process.argv.slice(2);
const seen = { requests: [], failures: [], messages: [], violations: [] };

const context = await launch(executablePath, profile);
context.on("request", (request) => seen.requests.push(request.url()));
context.on("requestfailed", (request) => seen.failures.push(request.url()));
await context.exposeFunction("reportViolation", (text) => seen.violations.push(text));
await context.addInitScript(() =>
  document.addEventListener("securitypolicyviolation", (event) =>
    globalThis.reportViolation(`${event.effectiveDirective} ${event.blockedURI}`),
  ),
);

const page = context.pages()[0];
page.on("pageerror", (error) => seen.messages.push(String(error)));
page.on("console", (message) => {
  if (["error", "warning"].includes(message.type())) seen.messages.push(message.text());
});

/** Runs the open tab, whose query is called `name`; returns what the gateway was asked and answered. */
async function run(name) {
  const answered = page.waitForResponse(
    (response) => response.request().postData()?.includes(`query ${name}`) ?? false,
  );
  await page.getByRole("button", { name: /execute query/i }).click();
  const response = await answered;
  await page.locator(".result-window .view-line", { hasText: '"data"' }).waitFor();
  const lines = await page.locator(".result-window .view-line").allInnerTexts();
  const headers = await response.request().allHeaders();
  return { answer: await response.json(), headers, lines: lines.map((line) => line.trim()) };
}

/** Opens one of the panes at the left; returns it. */
async function pane(title) {
  await page.getByRole("button", { name: `Show ${title}` }).click();
  return page.locator(".graphiql-plugin");
}

await page.goto(url);
await page.locator(".graphiql-query-editor .view-line", { hasText: "query" }).waitFor();
seen.title = await page.title();
seen.language = await page.locator("html").getAttribute("lang");
seen.tabs = await page.getByRole("tab").allInnerTexts();

seen.first = await run(seen.tabs[0]);
seen.scrolls = await page.evaluate(() => document.documentElement.scrollHeight > innerHeight);

const docs = await pane("Documentation Explorer");
await docs.getByRole("link", { name: "Query" }).click();
await docs.getByText("customers", { exact: true }).waitFor();
seen.docs = await docs.innerText();

const examples = (await pane("Examples")).getByRole("listitem").getByRole("button");
seen.examples = await examples.allInnerTexts();
await examples.filter({ hasText: "How the stores fare" }).click();
await page.getByRole("button", { name: "Headers" }).click();
await page.getByRole("region", { name: "Headers" }).locator(".graphiql-editor:not(.hidden) .view-lines").click();
await page.keyboard.type('{"x-secret": "of this tab alone"}');
seen.last = await run("Stores");

seen.history = await (await pane("History")).innerText();
seen.explorer = await (await pane("GraphiQL Explorer")).innerText();
seen.workers = page.workers().map((worker) => worker.url());
seen.stored = await page.evaluate(() => JSON.stringify(localStorage));
await context.close();
console.log(JSON.stringify(seen));
