// What clients of npm do over one gateway; prints what they saw as JSON.
// Arguments: the endpoint's address, a token, a key, a token that ends soon, the token that takes its place.
import { ApolloClient, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, subscriptionExchange } from '@urql/core';
import { createClient as createStreams } from 'graphql-sse';
import { createClient as createSockets } from 'graphql-ws';
import WebSocket from 'ws';
import { connect } from './sockets.js';

const [, , url, token, key, ending, next] = process.argv;
const address = url.replace('http', 'ws');
const QUERY = '{ viewer { name } }';
const WRONG = '{ nothing }';
const PRICES = 'subscription { pricingEvents { id } }';
const REFRESH = 'mutation { refreshMaterial(input: {name: "steel_4140"}) { material { name } } }';
const UNKNOWN = 'subscription { pricingEvents(materials: ["unobtainium"]) { id } }';

const codes = (errors) => errors.map((error) => error.extensions.code);

/** All that a client of graphql-ws or graphql-sse tells of one operation. */
function ask(client, query) {
  const results = [];
  return new Promise((settle) =>
    client.subscribe(
      { query },
      {
        next: (result) => results.push(result.errors ? codes(result.errors) : result.data),
        error: (error) => settle([...results, Array.isArray(error) ? codes(error) : { closed: error.code }]),
        complete: () => settle([...results, 'complete']),
      },
    ),
  );
}

const allOf = async (client) => ({
  query: await ask(client, QUERY),
  mutation: await ask(client, REFRESH),
  wrong: await ask(client, WRONG),
  unknown: await ask(client, UNKNOWN),
});

/** Whoever stops a subscription is told that it is complete, and the connection serves others. */
async function stop(client) {
  const completed = new Promise((settle) => {
    const end = client.subscribe({ query: PRICES }, { next() {}, error: settle, complete: () => settle('complete') });
    setTimeout(end, 50);
  });
  return [await completed, ...(await ask(client, QUERY))];
}

async function renew() {
  const tokens = [ending, next];
  const seen = { warnings: [], closed: [] };
  const client = connect(address, async () => tokens.shift() ?? next);
  client.on('ping', (received, payload) => received && payload && seen.warnings.push(payload.expiresInSeconds));
  client.on('closed', (event) => seen.closed.push([event.code, event.reason]));
  const twice = new Promise((settle) =>
    client.on('ping', () => seen.warnings.length === 2 && settle()),
  );
  client.subscribe({ query: PRICES }, { next() {}, error() {}, complete() {} });
  await twice; // the second warning is of the second token
  seen.then = await ask(client, QUERY);
  return seen;
}

async function apollo() {
  const sockets = connect(address, async () => token);
  const client = new ApolloClient({ cache: new InMemoryCache(), link: new GraphQLWsLink(sockets) });
  const { data } = await client.query({ query: gql(QUERY) });
  const changed = await client.mutate({ mutation: gql(REFRESH) });
  const wrong = await client.query({ query: gql(WRONG), errorPolicy: 'all' });
  return [data, changed.data, codes(wrong.error.errors ?? [])].map(plain);
}

async function urql() {
  const sockets = connect(address, async () => token);
  const forwardSubscription = (request) => ({
    subscribe: (sink) => ({ unsubscribe: sockets.subscribe(request, sink) }),
  });
  const everything = subscriptionExchange({ forwardSubscription, enableAllOperations: true });
  const client = new Client({ url, preferGetMethod: false, exchanges: [everything] });
  const asked = await client.query(QUERY, {}).toPromise();
  const changed = await client.mutation(REFRESH, {}).toPromise();
  const wrong = await client.query(WRONG, {}).toPromise();
  return [asked.data, changed.data, codes(wrong.error.graphQLErrors)].map(plain);
}

/** Without the `__typename` that both libraries ask for besides. */
const plain = (value) =>
  JSON.parse(JSON.stringify(value, (name, found) => (name === '__typename' ? undefined : found)));

const headers = { authorization: `Bearer ${token}` };
const sockets = connect(address, async () => token);
const streams = createStreams({ url, headers });
const work = {
  graphqlWs: allOf(sockets),
  graphqlSse: allOf(streams),
  apollo: apollo(),
  urql: urql(),
  stopped: stop(connect(address, async () => token)),
  refused: ask(connect(address, async () => 'pgw_wrong'), QUERY),
  apiKey: ask(createSockets({ url: address, webSocketImpl: WebSocket, connectionParams: { apiKey: key } }), QUERY),
  renewed: renew(),
};
const seen = Object.fromEntries(
  await Promise.all(Object.entries(work).map(async ([name, doing]) => [name, await doing])),
);
console.log(JSON.stringify(seen));
process.exit();
