// Recorder: a fetch that notes what each request carried and how it was answered.
export function recorder() {
  const requests = [];
  const record = async (url, options) => {
    const address = new URL(url);
    const method = options.method ?? 'GET';
    const sent =
      method === 'GET' ? Object.fromEntries(address.searchParams) : JSON.parse(options.body);
    const extensions =
      typeof sent.extensions === 'string' ? JSON.parse(sent.extensions) : sent.extensions;
    const response = await fetch(url, options);
    const answer = await response.clone().json();
    requests.push({
      method,
      text: Boolean(sent.query),
      hash: Boolean(extensions?.persistedQuery?.sha256Hash),
      documentId: sent.documentId ?? null,
      status: response.status,
      cacheControl: response.headers.get('cache-control'),
      codes: (answer.errors ?? []).map((error) => error.extensions.code),
    });
    return response;
  };
  return { requests, record };
}
