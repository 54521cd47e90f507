// urql with its persisted exchange: prints, as JSON, what it asked the endpoint and what it got.
// Arguments: the endpoint's address; then, where given, the documentId of a registered document.
import { Client, fetchExchange, gql } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { recorder } from './recorder.mjs';

const [, , url, documentId] = process.argv;
const query = gql`query Words($text: String) { echo(text: $text) }`;

function connect(exchanges) {
  const { requests, record } = recorder();
  const client = new Client({
    url,
    exchanges: [...exchanges, fetchExchange],
    fetch: record,
    preferGetMethod: false,
    requestPolicy: 'network-only',
  });
  const ask = async (text, document = query) => {
    const start = requests.length;
    const result = await client.query(document, { text }).toPromise();
    return {
      data: result.data?.echo ?? null,
      failed: result.error?.message ?? null,
      requests: requests.slice(start),
    };
  };
  return ask;
}

const result = {};
if (documentId) {
  // Its development build looks into a document for its operation, which is not there by design.
  process.env.NODE_ENV = 'production';
  const named = { kind: 'Document', definitions: [], documentId };
  result.named = await connect([])('n', named);
} else {
  const posting = { preferGetForPersistedQueries: false };
  const ask = connect([persistedExchange(posting)]);
  result.first = await ask('a');
  result.second = await ask('b');
  result.other = await connect([persistedExchange(posting)])('c');
  result.get = await connect([persistedExchange({ preferGetForPersistedQueries: true })])('d');
  const wrong = { ...posting, generateHash: async () => 'f'.repeat(64) };
  result.wrong = await connect([persistedExchange(wrong)])('e');
}
process.stdout.write(JSON.stringify(result));
