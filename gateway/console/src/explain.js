// Asks the gateway to run a query and to say how; raises an error whose message is for people.
import { operationIn, parsed } from "./document.js";
import { url } from "./fetcher.js";

const REFUSALS = {
  mutation: "This operation changes something, so it is not run here: `gateway explain --plan-only` shows its plan.",
  subscription: "Events are not explained: `gateway explain --plan-only` shows what each would run.",
};

export async function explain({ query, variables, headers }, operationName, afresh) {
  const operation = operationIn(parsed(query), operationName);
  const refusal = REFUSALS[operation?.operation];
  if (refusal) throw new Error(refusal);
  const response = await fetch(url, {
    method: "POST",
    headers: {
      ...object("The headers", headers),
      accept: "application/graphql-response+json",
      "content-type": "application/json",
      "graphql-explain": "1",
      ...(afresh && { "cache-control": "no-cache" }),
    },
    body: JSON.stringify({ query, variables: object("The variables", variables), operationName: operation?.name?.value }),
  });
  const { errors = [], extensions } = await response.json();
  const messages = errors.map(({ message }) => message);
  if (extensions?.explain) return { ...extensions.explain, messages };
  if (messages.length) throw new Error(messages.join(" "));
  throw new Error("The gateway explains this to other roles only (GATEWAY_EXPLAIN_ROLES).");
}

function object(what, text) {
  if (!text.trim()) return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${what} are not JSON: ${error.message}`);
  }
}
