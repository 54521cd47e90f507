// Mercurius: its loaders, and its JIT from the first use of a query.
import Fastify from "fastify";
import mercurius from "mercurius";
import { Query, typeDefs } from "./roots.mjs";
import { calculationPages, components, materials } from "./store.mjs";

const unkept = (loader) => ({ loader, opts: { cache: false } });
const app = Fastify();
app.register(mercurius, {
  schema: typeDefs,
  resolvers: { Query },
  jit: 1,
  loaders: {
    Customer: {
      calculations: unkept((asked) =>
        calculationPages(
          asked.map(({ obj }) => obj.key),
          asked[0].params.first,
        ),
      ),
    },
    PricingCalculation: {
      costComponents: unkept((asked) => components(asked.map(({ obj }) => obj.key))),
      materialProperties: unkept(async (asked) => {
        const names = [...new Set(asked.map(({ obj }) => obj.material))];
        const found = await materials(names);
        const byName = new Map(names.map((name, index) => [name, found[index]]));
        return asked.map(({ obj }) => byName.get(obj.material));
      }),
    },
  },
});
await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
console.log("ready");
