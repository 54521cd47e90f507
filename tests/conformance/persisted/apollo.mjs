// Apollo Client with its persisted-query link: prints, as JSON, what it asked the endpoint and what it got.
// Arguments: the endpoint's address; then, where given, the id that a manifest has for the document.
import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { print } from 'graphql';
import { recorder } from './recorder.mjs';

const [, , uri, manifestId] = process.argv;
const query = gql`query Words($text: String) { echo(text: $text) }`;
const sha256 = (document) => createHash('sha256').update(print(document)).digest('hex');

function connect(options) {
  const { requests, record } = recorder();
  const link = ApolloLink.from([
    new PersistedQueryLink({ generateHash: sha256, ...options }),
    new HttpLink({ uri, fetch: record }),
  ]);
  const client = new ApolloClient({ link, cache: new InMemoryCache() });
  const ask = async (text) => {
    const start = requests.length;
    try {
      const { data, error } = await client.query({
        query,
        variables: { text },
        fetchPolicy: 'no-cache',
        errorPolicy: 'all',
      });
      const failed = error ? error.message : null;
      return { data: data?.echo ?? null, failed, requests: requests.slice(start) };
    } catch (error) {
      return { data: null, failed: error.message, requests: requests.slice(start) };
    }
  };
  return ask;
}

const result = {};
if (manifestId) {
  result.manifest = await connect({ generateHash: () => manifestId })('m');
} else {
  const ask = connect({});
  result.first = await ask('a');
  result.second = await ask('b');
  result.other = await connect({})('c');
  result.get = await connect({ useGETForHashedQueries: true })('d');
  result.wrong = await connect({ generateHash: () => 'f'.repeat(64) })('e');
}
process.stdout.write(JSON.stringify(result));
