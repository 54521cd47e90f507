// Runs the console's tab of pricing events in a real Chromium until one is shown; prints the lines of the result.
// Usage: node follow.mjs CONSOLE_URL CHROMIUM PROFILE_FOLDER
import { launch } from "./launch.mjs";

const [url, executablePath, profile] = process.argv.slice(2);
const context = await launch(executablePath, profile);
const page = context.pages()[0];
let choose;
const chosen = new Promise((resolve) => (choose = resolve));
await page.route(/\/assets\/monaco-editor/, async (route) => {
  await chosen; // the tab is there before the editor, which must show its text all the same
  await route.continue();
});
await page.goto(url);
await page.getByRole("tab", { name: "PricingEvents" }).click();
choose();
await page.locator(".graphiql-query-editor .view-line", { hasText: "pricingEvents" }).first().waitFor();
const stop = page.getByRole("button", { name: /stop/i });
await page.getByRole("button", { name: /execute query/i }).click();
await stop.waitFor(); // it is under way
const shown = page.locator(".result-window .view-line");
try {
  await shown.filter({ hasText: "newPricePerKg" }).first().waitFor();
} catch (error) {
  throw new Error(`no event, but: ${await shown.allInnerTexts()}`, { cause: error });
}
const lines = await shown.allInnerTexts();
await stop.click();
await context.close();
console.log(JSON.stringify(lines.map((line) => line.trim())));
