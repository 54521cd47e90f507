// Roots: the resolvers of Query, alike in every peer.
import { readFileSync } from "node:fs";
import { calculationPage, customerPage, customers, logPage, materials, trends } from "./store.mjs";

export const typeDefs = readFileSync(new URL("schema.graphql", import.meta.url), "utf8");

export const Query = {
  customer: async (_, { id }) => (await customers([id]))[0],
  customers: (_, { first }) => customerPage(first),
  calculations: (_, { first }) => calculationPage(first),
  material: async (_, { name }) => (await materials([name]))[0],
  pricingTrends: (_, { material, days }) => trends(material, days),
  logs: (_, { first }) => logPage(first),
};
