// Apollo Server: on Fastify, its fastest integration; its document store is on by default.
import { ApolloServer } from "@apollo/server";
import fastifyApollo from "@as-integrations/fastify";
import Fastify from "fastify";
import { loaders, resolvers } from "./loaders.mjs";
import { typeDefs } from "./roots.mjs";

const apollo = new ApolloServer({ typeDefs, resolvers, introspection: false });
await apollo.start();
const app = Fastify();
await app.register(fastifyApollo(apollo), {
  path: "/graphql",
  context: async () => ({ load: loaders() }),
});
await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
console.log("ready");
