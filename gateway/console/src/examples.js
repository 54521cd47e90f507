// The example queries of ../examples, in the order of their file names.
// A file opens with comment lines: its title, then what it shows.
const files = import.meta.glob("../examples/*.graphql", {
  eager: true,
  import: "default",
  query: "?raw",
});

export const EXAMPLES = Object.keys(files)
  .sort()
  .map((path) => {
    const query = files[path].trim();
    const lines = query.split("\n");
    const [title, ...about] = lines
      .slice(0, lines.findIndex((line) => !line.startsWith("#")))
      .map((line) => line.replace(/^# ?/, ""));
    return { title, about: about.join(" "), query };
  });
