// How the console asks: subscriptions by server-sent events, which every server of the gateway has and
// which carry the headers that are typed into a tab; everything else in one answer.
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-sse";

// Relative to the page, so that a reverse proxy may serve the gateway below a path.
const url = new URL("graphql", document.baseURI).href;

export function fetcher(params, options) {
  const wsClient = createClient({ url, headers: options?.headers });
  return createGraphiQLFetcher({ url, wsClient })(params, options);
}
