// What the browser keeps for GraphiQL: all but the request headers in its history, which it would store even
// where it forgets those of the tabs. An API key typed into a tab must not outlive it.
const HISTORIES = new Set(["graphiql:queries", "graphiql:favorites"]);

export const storage = {
  get length() {
    return localStorage.length;
  },
  clear: () => localStorage.clear(),
  getItem: (key) => localStorage.getItem(key),
  removeItem: (key) => localStorage.removeItem(key),
  setItem: (key, value) => localStorage.setItem(key, HISTORIES.has(key) ? withoutHeaders(value) : value),
};

function withoutHeaders(text) {
  return JSON.stringify(JSON.parse(text), (key, value) => (key === "headers" ? undefined : value));
}
