// PostGraphile: its Amber preset over the tables as they are; grafserv on Node's own server.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { grafserv } from "postgraphile/grafserv/node";

// It asks for Node.js 22, of whose language it uses this beyond Node.js 20.
Promise.withResolvers ??= function () {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
};

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({ connectionString: process.env.POSTGRES_URL, schemas: ["public"], pubsub: false }),
  ],
  grafast: { explain: false },
  grafserv: { graphiql: false, watch: false },
});
const server = createServer();
const serving = instance.createServ(grafserv);
await serving.addTo(server);
await serving.ready();
server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log("ready"));
