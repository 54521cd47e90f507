// An explanation for people: what the whole took, then its steps as a tree, each with what its stores were asked.
export function Explanation({ operation, executor, reason, responseCache, cost, milliseconds, calls, steps, messages }) {
  return (
    <>
      <dl className="facts">
        <dt>operation</dt>
        <dd>{`${operation.type} ${operation.name ?? "without a name"}`}</dd>
        <dt>executor</dt>
        <dd>{reason ? `${executor} (${reason})` : executor}</dd>
        <dt>response cache</dt>
        <dd>{kept(responseCache)}</dd>
        <dt>cost</dt>
        <dd>{cost.actual == null ? `${cost.requested} points at most` : `${cost.actual} of ${cost.requested} points`}</dd>
        <dt>time</dt>
        <dd>{time(milliseconds)}</dd>
      </dl>
      {messages.map((message) => (
        <p role="alert" key={message}>
          {message}
        </p>
      ))}
      {responseCache.status === "hit" && <p>A kept answer: these steps made it before.</p>}
      <Steps steps={steps} />
      {calls.length > 0 && <Calls title="outside of any step" calls={calls} />}
    </>
  );
}

function Steps({ steps, outer }) {
  if (!steps.length) return null;
  return (
    <ul className="steps">
      {steps.map((step) => (
        <li key={step.path}>
          <strong>{outer ? step.path.replace(`${outer}.`, "") : step.path}</strong>
          <p className="figures">{figures(step).join(" · ")}</p>
          {step.columns?.length > 0 && <p className="figures">reads {step.columns.join(", ")}</p>}
          <Calls calls={step.calls ?? []} />
          <Steps steps={step.steps} outer={step.path} />
        </li>
      ))}
    </ul>
  );
}

function Calls({ title, calls }) {
  return calls.map((call, at) => (
    <details className="call" key={at}>
      <summary>
        {title && `${title}: `}
        {[call.calls > 1 ? `${call.store} ×${call.calls}` : call.store, count(call.rows, "row"), time(call.milliseconds)].join(" · ")}
        {call.sharedBy > 1 && ` · for ${call.sharedBy} operations`}
      </summary>
      <pre>{call.statement ?? "Statements are shown to other roles (GATEWAY_EXPLAIN_STATEMENT_ROLES)."}</pre>
    </details>
  ));
}

function figures({ kind, keys, rows, milliseconds, materialCache: cache, with: other }) {
  return [
    kind,
    keys !== undefined && count(keys, "key"),
    rows !== undefined && count(rows, "row"),
    milliseconds !== undefined && time(milliseconds),
    cache && `${cache.hits} of ${cache.hits + cache.misses} from the cache`,
    other && `answered with ${other}`,
  ].filter(Boolean);
}

function kept({ status, maxAgeSeconds, private: own }) {
  return [status, maxAgeSeconds > 0 && `${maxAgeSeconds} s`, maxAgeSeconds > 0 && own && "private"].filter(Boolean).join(", ");
}

const count = (number, unit) => `${number.toLocaleString("en")} ${unit}${number === 1 ? "" : "s"}`;
const time = (milliseconds) => `${milliseconds.toFixed(1)} ms`;
