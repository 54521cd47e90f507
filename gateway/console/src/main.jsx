// The console: GraphiQL with the graph's own examples, talking to the gateway that served it.
import "./workers.js";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./console.css";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { createRoot } from "react-dom/client";

import { EXAMPLES } from "./examples.js";
import { EXAMPLES_PLUGIN } from "./examples-plugin.jsx";
import { EXPLAIN_PLUGIN } from "./explain-plugin.jsx";
import { fetcher } from "./fetcher.js";
import { SignIn } from "./sign-in.jsx";
import { storage } from "./storage.js";
import { TabTexts } from "./tab-texts.js";

const plugins = [EXAMPLES_PLUGIN, EXPLAIN_PLUGIN, HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })];
const tabs = EXAMPLES.map(({ query }) => ({ query }));

createRoot(document.getElementById("console")).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={plugins}
    storage={storage}
    defaultTabs={tabs}
    defaultEditorToolsVisibility={false}
    shouldPersistHeaders={false}
    showPersistHeadersSettings
  >
    <GraphiQL.Logo>
      Pricing gateway <SignIn />
      <TabTexts />
    </GraphiQL.Logo>
  </GraphiQL>,
);
