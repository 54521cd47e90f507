// Loaders: relations by DataLoader, one set for each request, as Yoga's and Apollo's documents advise.
import DataLoader from "dataloader";
import { calculationPages, components, materials } from "./store.mjs";
import { Query } from "./roots.mjs";

export function loaders() {
  const pages = new Map(); // by size of the page
  return {
    calculations(key, first) {
      if (!pages.has(first)) {
        pages.set(first, new DataLoader((keys) => calculationPages(keys, first)));
      }
      return pages.get(first).load(key);
    },
    components: new DataLoader(components),
    materials: new DataLoader(materials),
  };
}

export const resolvers = {
  Query,
  Customer: {
    calculations: ({ key }, { first }, { load }) => load.calculations(key, first),
  },
  PricingCalculation: {
    costComponents: ({ key }, _, { load }) => load.components.load(key),
    materialProperties: ({ material }, _, { load }) => load.materials.load(material),
  },
};
