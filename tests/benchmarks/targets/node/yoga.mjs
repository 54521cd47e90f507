// Yoga: on Node's own server, with its parser and validation caches, which are on by default.
import { createServer } from "node:http";
import { createSchema, createYoga } from "graphql-yoga";
import { loaders, resolvers } from "./loaders.mjs";
import { typeDefs } from "./roots.mjs";

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  context: () => ({ load: loaders() }),
  logging: false,
  graphiql: false,
  maskedErrors: false,
});
createServer(yoga).listen(Number(process.env.PORT), "127.0.0.1", () => console.log("ready"));
