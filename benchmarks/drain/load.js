// Requests in turn over all streams, half of them POST, at a steady rate that does not wait for answers (an open model).
import http from 'k6/http';
import exec from 'k6/execution';

const streams = JSON.parse(__ENV.STREAMS); // {quick: [{name, url, keep_alive}], slow: [...]}
const answered = { timeout: '60s', redirects: 0 };

const steady = (name, rate, vus) => ({
  executor: 'constant-arrival-rate',
  exec: name,
  rate: Number(rate),
  timeUnit: '1s',
  duration: __ENV.LONGEST,
  preAllocatedVUs: vus,
  maxVUs: 4 * vus,
  gracefulStop: '0s',
});

export const options = {
  discardResponseBodies: true,
  scenarios: { quick: steady('quick', __ENV.QUICK_RATE, 300), slow: steady('slow', __ENV.SLOW_RATE, 200) },
};

export const quick = () => ask(streams.quick);
export const slow = () => ask(streams.slow);

function ask(all) {
  const turn = exec.scenario.iterationInTest;
  const stream = all[turn % all.length];
  const method = Math.floor(turn / all.length) % 2 ? 'POST' : 'GET';
  const id = `${exec.scenario.name}-${turn}`;
  const headers = stream.keep_alive ? {} : { Connection: 'close' };
  const at = Date.now();
  const answer = http.request(method, `${stream.url}?id=${id}`, method === 'POST' ? 'x' : null, { ...answered, headers });
  const took = Date.now() - at;
  const replica = answer.headers['X-Replica'] || '';
  console.log(JSON.stringify({ id, stream: stream.name, at, took, status: answer.status, error: answer.error, replica }));
}

export function handleSummary(data) {
  const dropped = data.metrics.dropped_iterations;
  return { [__ENV.SUMMARY]: JSON.stringify({ not_sent: dropped ? dropped.values.count : 0 }) };
}
