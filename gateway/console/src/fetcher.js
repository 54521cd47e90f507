// How the console asks: subscriptions by server-sent events, which every server of the gateway has and
// which carry the headers that are typed into a tab; everything else in one answer.
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { parse } from "graphql";
import { createClient } from "graphql-sse";

// Relative to the page, so that a reverse proxy may serve the gateway below a path.
const url = new URL("graphql", document.baseURI).href;

export function fetcher(params, options) {
  const documentAST = parsed(params.query);
  const operationName = nameIn(documentAST, params.operationName);
  const wsClient = createClient({ url, headers: options?.headers });
  return createGraphiQLFetcher({ url, wsClient })({ ...params, operationName }, { ...options, documentAST });
}

// GraphiQL's own `documentAST` is that of the tab before for a moment after another was chosen.
function parsed(query) {
  try {
    return parse(query);
  } catch {
    return undefined; // the gateway says what is wrong with it, and where
  }
}

// So is its `operationName`: of a text with one operation, that one is meant.
function nameIn(documentAST, operationName) {
  const operations = documentAST?.definitions.filter(({ kind }) => kind === "OperationDefinition");
  return operations?.length === 1 ? operations[0].name?.value : operationName;
}
