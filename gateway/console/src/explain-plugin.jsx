// The "Explain" pane: how the open tab's query is answered, as the gateway itself tells it.
import { useGraphiQL } from "@graphiql/react";
import { useState } from "react";

import { explain } from "./explain.js";
import { Explanation } from "./explanation.jsx";

function ExplainIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M5 4v13a2 2 0 0 0 2 2h4M5 9h6" strokeLinecap="round" strokeLinejoin="round" />
      <rect x="12" y="6.5" width="7" height="5" rx="1" />
      <rect x="12" y="16.5" width="7" height="5" rx="1" />
    </svg>
  );
}

function Explain() {
  const query = useGraphiQL((state) => state.queryEditor);
  const variables = useGraphiQL((state) => state.variableEditor);
  const headers = useGraphiQL((state) => state.headerEditor);
  const operationName = useGraphiQL((state) => state.operationName);
  const [afresh, setAfresh] = useState(false);
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState({});

  async function ask() {
    setBusy(true);
    try {
      const texts = { query, variables, headers };
      const given = Object.entries(texts).map(([name, editor]) => [name, editor?.getValue() ?? ""]);
      setFound({ explained: await explain(Object.fromEntries(given), operationName, afresh) });
    } catch (error) {
      setFound({ problem: error.message });
    } finally {
      setBusy(false);
    }
  }

  return (
    <section aria-label="Explain" aria-busy={busy}>
      <h2 className="pane-title">Explain</h2>
      <p className="explain-ask">
        <button type="button" className="graphiql-button" disabled={busy} onClick={ask}>
          Explain this query
        </button>
        <label>
          <input type="checkbox" checked={afresh} onChange={(event) => setAfresh(event.target.checked)} /> ask the
          stores, not the response cache
        </label>
      </p>
      {found.problem && <p role="alert">{found.problem}</p>}
      {found.explained && <Explanation {...found.explained} />}
    </section>
  );
}

export const EXPLAIN_PLUGIN = { title: "Explain", icon: ExplainIcon, content: Explain };
