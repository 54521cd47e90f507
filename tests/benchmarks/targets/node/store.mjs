// Store: what every peer asks of the three databases, one statement for all keys of a batch.
import { Redis } from "ioredis";
import { MongoClient } from "mongodb";
import pg from "pg";

const DAY = 86_400_000;
const INSTANT = 1184; // timestamptz
pg.types.setTypeParser(INSTANT, instant);

const pool = new pg.Pool({
  connectionString: process.env.POSTGRES_URL,
  max: 10,
  options: "-c timezone=UTC",
});
const mongo = await new MongoClient(process.env.MONGODB_URL, { maxPoolSize: 20 }).connect();
const database = mongo.db(process.env.MONGODB_DATABASE);
const redis = new Redis(process.env.REDIS_URL, { enableAutoPipelining: true });
const prefix = process.env.REDIS_PREFIX;

const CUSTOMER = `id, company_name AS "companyName", upper(tier) AS tier, created_at AS "createdAt"`;
const PROCESS = `CASE process WHEN '3d_printing_sls' THEN 'SLS_3D_PRINTING' ELSE upper(process) END AS process`;
const SUMMARY = `id, material, quantity, ${PROCESS}, total_price AS "totalPrice", created_at AS "createdAt"`;
const FULL = `${SUMMARY}, geometric_complexity_score AS "geometricComplexityScore",
  upper(surface_finish) AS "surfaceFinish", upper(tolerance_class) AS "toleranceClass",
  upper(special_requirements::text)::text[] AS "specialRequirements",
  upper(delivery_timeline) AS "deliveryTimeline", rush_order AS "rushOrder",
  price_per_unit AS "pricePerUnit", estimated_weight_kg AS "estimatedWeightKg",
  updated_at AS "updatedAt", cost_breakdown AS "costBreakdown"`;

// 2026-11-20 13:38:16.597+00 as 2026-11-20T13:38:16.597000Z
function instant(text) {
  const fraction = text.slice(19, -3);
  const seconds = `${text.slice(0, 10)}T${text.slice(11, 19)}`;
  return fraction ? `${seconds}${fraction.padEnd(7, "0")}Z` : `${seconds}Z`;
}

function moment(date) {
  return date.toISOString().replace(/\.000Z$/, "Z").replace(/(\.\d{3})Z$/, "$1000Z");
}

const globalId = (type, key) => Buffer.from(`${type}:${key}`).toString("base64url");
const keyOf = (id) => Buffer.from(id, "base64url").toString().split(":")[1];

async function rows(name, text, values) {
  return (await pool.query({ name, text, values })).rows;
}

function customer(row) {
  row.key = row.id;
  row.id = globalId("Customer", row.id);
  return row;
}

function calculation(row) {
  row.key = row.id;
  row.id = globalId("PricingCalculation", row.id);
  return row;
}

function detailed(row) {
  const costs = row.costBreakdown;
  row.costBreakdown = {
    materialCost: costs.material_cost,
    laborCost: costs.labor_cost,
    setupCost: costs.setup_cost,
    overheadCost: costs.overhead_cost,
    totalCost: costs.total_cost,
  };
  return calculation(row);
}

function grouped(keys, found, key) {
  const groups = new Map(keys.map((each) => [each, []]));
  for (const each of found) groups.get(each[key]).push(each);
  return keys.map((each) => groups.get(each));
}

export async function customers(ids) {
  const found = await rows(
    "customers",
    `SELECT ${CUSTOMER} FROM customers WHERE id = ANY($1::uuid[])`,
    [ids.map(keyOf)],
  );
  const byId = new Map(found.map((row) => [globalId("Customer", row.id), customer(row)]));
  return ids.map((id) => byId.get(id) ?? null);
}

export async function customerPage(first) {
  const found = await rows(
    "customer_page",
    `SELECT ${CUSTOMER} FROM customers ORDER BY created_at DESC, id DESC LIMIT $1`,
    [first],
  );
  return { nodes: found.map(customer) };
}

export async function calculationPage(first) {
  const found = await rows(
    "calculation_page",
    `SELECT ${FULL} FROM pricing_calculations ORDER BY created_at DESC, id DESC LIMIT $1`,
    [first],
  );
  return { nodes: found.map(detailed) };
}

export async function calculationPages(customerKeys, first) {
  const found = await rows(
    "calculation_pages",
    `SELECT own.*, asked.key AS "customerKey" FROM unnest($1::uuid[]) AS asked (key) CROSS JOIN LATERAL
       (SELECT ${SUMMARY} FROM pricing_calculations WHERE customer_id = asked.key
        ORDER BY created_at DESC, id DESC LIMIT $2) AS own`,
    [customerKeys, first],
  );
  const pages = grouped(customerKeys, found.map(calculation), "customerKey");
  return pages.map((nodes) => ({ nodes }));
}

export async function components(calculationKeys) {
  const found = await rows(
    "components",
    `SELECT calculation_id, upper(component_type) AS "componentType", description,
       unit_cost AS "unitCost", quantity, total_cost AS "totalCost"
     FROM cost_components WHERE calculation_id = ANY($1::uuid[])
     ORDER BY calculation_id, component_type, id`,
    [calculationKeys],
  );
  return grouped(calculationKeys, found, "calculation_id");
}

// The entries that the gateway keeps too; a benchmark fills them before it begins.
export async function materials(names) {
  const texts = await redis.mget(names.map((name) => `${prefix}:{material}:${name}`));
  return texts.map((text) => {
    const found = JSON.parse(text).material;
    return {
      name: found.name,
      category: found.category,
      densityGPerCm3: found.density_g_per_cm3,
      tensileStrengthMpa: found.tensile_strength_mpa,
      pricePerKg: found.price_per_kg,
    };
  });
}

export async function trends(material, days) {
  const today = new Date();
  today.setUTCHours(0, 0, 0, 0);
  const since = new Date(today.getTime() - (days - 1) * DAY);
  const average = (total) => ({ $toString: { $round: [{ $divide: [total, "$count"] }, 4] } });
  const found = await database
    .collection("pricing_trends_daily")
    .aggregate([
      { $match: { material, day: { $gte: since, $lt: new Date() }, count: { $gt: 0 } } },
      {
        $group: {
          _id: "$day",
          count: { $sum: "$count" },
          total: { $sum: "$total" },
          unitTotal: { $sum: "$unit_total" },
          min: { $min: "$min" },
          max: { $max: "$max" },
        },
      },
      {
        $project: {
          count: 1,
          averagePrice: average("$total"),
          averageUnitPrice: average("$unitTotal"),
          minPrice: { $toString: "$min" },
          maxPrice: { $toString: "$max" },
        },
      },
    ])
    .toArray();
  const byDay = new Map(found.map((each) => [each._id.getTime(), each]));
  return Array.from({ length: days }, (_, index) => {
    const day = since.getTime() + index * DAY;
    const each = byDay.get(day);
    const bucketStart = moment(new Date(day));
    if (each === undefined) {
      const none = { averagePrice: null, averageUnitPrice: null, minPrice: null, maxPrice: null };
      return { bucketStart, count: 0, ...none };
    }
    return {
      bucketStart,
      count: each.count,
      averagePrice: places(each.averagePrice),
      averageUnitPrice: places(each.averageUnitPrice),
      minPrice: each.minPrice,
      maxPrice: each.maxPrice,
    };
  });
}

function places(text) {
  const [whole, fraction = ""] = text.split(".");
  return `${whole}.${fraction.padEnd(4, "0")}`;
}

export async function logPage(first) {
  const found = await database
    .collection("application_logs")
    .find({}, { projection: { timestamp: 1, level: 1, logger: 1, message: 1 } })
    .sort({ timestamp: -1, _id: -1 })
    .limit(first)
    .toArray();
  return {
    nodes: found.map((each) => ({
      id: globalId("LogEntry", each._id.toHexString()),
      timestamp: moment(each.timestamp),
      level: each.level.toUpperCase(),
      logger: each.logger,
      message: each.message,
    })),
  };
}
