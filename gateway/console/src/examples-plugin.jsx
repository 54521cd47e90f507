// The "Examples" pane: each example with what it shows; a click brings it to its tab.
import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";

import { EXAMPLES } from "./examples.js";

function ExamplesIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M4 5h16M4 12h10M4 19h7" strokeLinecap="round" />
      <path d="m17 14 4 3-4 3z" fill="currentColor" strokeLinejoin="round" />
    </svg>
  );
}

function Examples() {
  const { addTab, changeTab } = useGraphiQLActions();
  const tabs = useGraphiQL((state) => state.tabs);
  const editor = useGraphiQL((state) => state.queryEditor);

  function open(query) {
    const index = tabs.findIndex((tab) => tab.query === query);
    if (index >= 0) {
      changeTab(index);
      return;
    }
    addTab();
    editor.setValue(query);
  }

  return (
    <section aria-label="Examples">
      <h2 className="pane-title">Examples</h2>
      <ul className="examples">
        {EXAMPLES.map(({ title, about, query }) => (
          <li key={title}>
            <button type="button" className="example" onClick={() => open(query)}>
              <strong>{title}</strong>
              <span>{about}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

export const EXAMPLES_PLUGIN = { title: "Examples", icon: ExamplesIcon, content: Examples };
