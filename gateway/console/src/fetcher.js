// How the console asks: subscriptions by server-sent events, which every server of the gateway has and
// which carry the headers that are typed into a tab; everything else in one answer.
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-sse";

import { operationIn, parsed } from "./document.js";

// Relative to the page, so that a reverse proxy may serve the gateway below a path.
export const url = new URL("graphql", document.baseURI).href;

export function fetcher(params, options) {
  const documentAST = parsed(params.query);
  const operation = operationIn(documentAST, params.operationName);
  const operationName = operation ? operation.name?.value : params.operationName;
  const wsClient = createClient({ url, headers: options?.headers });
  return createGraphiQLFetcher({ url, wsClient })({ ...params, operationName }, { ...options, documentAST });
}
