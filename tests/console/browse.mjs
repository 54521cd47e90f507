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
const workers = new Set();
page.on("worker", (worker) => workers.add(worker.url()));
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

/** Asks in the pane; returns what it says about each thing, and each step with how deep it stands. */
async function explained(shown, title) {
  const answered = page.waitForResponse((response) => response.request().headers()["graphql-explain"] === "1");
  await shown.getByRole("button", { name: title }).click();
  const response = await answered;
  await shown.locator('section[aria-busy="false"] .facts').waitFor();
  const terms = await shown.locator("dt").allInnerTexts();
  const values = await shown.locator("dd").allInnerTexts();
  const steps = await shown.locator(".steps li > strong").evaluateAll((found) =>
    found.map((step) => {
      let depth = 0;
      for (let list = step.closest(".steps"); list; list = list.parentElement.closest(".steps")) depth += 1;
      return [depth, step.textContent, step.nextElementSibling.textContent];
    }),
  );
  const { extensions } = await response.json();
  return { facts: Object.fromEntries(terms.map((term, at) => [term, values[at]])), steps, explain: extensions.explain };
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
// GraphiQL takes what is typed into its tab, and into its history, a little later. A timer of the page's own ends
// after those that were set before it, however late all of them are.
await page.evaluate(() => new Promise((settle) => setTimeout(settle, 400)));
seen.last = await run("Stores");

const explain = await pane("Explain");
seen.explained = await explained(explain, "Explain this query");
await page.getByRole("tab", { name: seen.tabs[0] }).click();
await page.locator(".graphiql-query-editor .view-line", { hasText: seen.tabs[0] }).first().waitFor();
await explain.getByRole("checkbox").check();
seen.tree = await explained(explain, "Explain this query");
await explain.locator("summary").first().click();
seen.statement = await explain.locator("pre").first().innerText();
await page.getByRole("tab", { name: "PricingEvents" }).click();
await page.locator(".graphiql-query-editor .view-line", { hasText: "pricingEvents" }).first().waitFor();
await explain.getByRole("button", { name: "Explain this query" }).click();
seen.unexplained = await explain.getByRole("alert").innerText();

seen.history = await (await pane("History")).innerText();
seen.explorer = await (await pane("GraphiQL Explorer")).innerText();
// The editor starts each only when it has something to do, and that for JSON later than all of the above where the
// machine is busy.
while (workers.size < 3 && (await page.waitForEvent("worker", { timeout: 30_000 }).catch(() => null)));
seen.workers = [...workers];
seen.stored = await page.evaluate(() => JSON.stringify(localStorage));
await context.close();
console.log(JSON.stringify(seen));
