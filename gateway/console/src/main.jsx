// The console: GraphiQL with the graph's own examples, talking to the gateway that served it.
import "./workers.js";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./console.css";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { createRoot } from "react-dom/client";

import { EXAMPLES } from "./examples.js";
import { EXAMPLES_PLUGIN } from "./examples-plugin.jsx";
import { SignIn } from "./sign-in.jsx";

// Relative to the page, so that a reverse proxy may serve the gateway below a path.
const fetcher = createGraphiQLFetcher({ url: new URL("graphql", document.baseURI).href });
const plugins = [EXAMPLES_PLUGIN, HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })];
const tabs = EXAMPLES.map(({ query }) => ({ query }));

createRoot(document.getElementById("console")).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={plugins}
    defaultTabs={tabs}
    defaultEditorToolsVisibility={false}
    shouldPersistHeaders={false}
    showPersistHeadersSettings
  >
    <GraphiQL.Logo>
      Pricing gateway <SignIn />
    </GraphiQL.Logo>
  </GraphiQL>,
);
