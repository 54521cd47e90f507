// Brings the open tab's texts into editors that come to be after the tab was chosen: Monaco is loaded when the page
// stands already, and GraphiQL gives a new editor the text of the first tab.
import { pick, useGraphiQL } from "@graphiql/react";
import { useEffect, useRef } from "react";

const OPEN = pick("tabs", "activeTabIndex", "queryEditor", "variableEditor", "headerEditor");

export function TabTexts() {
  const { tabs, activeTabIndex, queryEditor, variableEditor, headerEditor } = useGraphiQL(OPEN);
  const tab = tabs[activeTabIndex];
  useText(queryEditor, tab.query);
  useText(variableEditor, tab.variables);
  useText(headerEditor, tab.headers);
  return null;
}

function useText(editor, text) {
  const latest = useRef(text);
  latest.current = text;
  useEffect(() => {
    const wanted = latest.current;
    if (editor && wanted != null && editor.getValue() !== wanted) editor.setValue(wanted);
  }, [editor]);
}
