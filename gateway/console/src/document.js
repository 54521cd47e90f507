// What a tab's text holds: GraphiQL's own reading of it is that of the tab before for a moment after another was chosen.
import { parse } from "graphql";

export function parsed(query) {
  try {
    return parse(query);
  } catch {
    return undefined; // the gateway says what is wrong with it, and where
  }
}

/** The operation that runs: of a text with one, that one is meant. */
export function operationIn(documentAST, operationName) {
  const operations = documentAST?.definitions.filter(({ kind }) => kind === "OperationDefinition") ?? [];
  return operations.length === 1 ? operations[0] : operations.find(({ name }) => name?.value === operationName);
}
