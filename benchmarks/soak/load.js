// Waves of requests on each service, half of them POST; arrivals do not wait for answers (an open model).
import http from 'k6/http';
import exec from 'k6/execution';

const plan = JSON.parse(__ENV.PLAN); // {service: {url, waves: [[rate, seconds]]}}

const steps = (waves) => waves.flatMap(([rate, seconds]) => [
  { target: rate, duration: '0s' },
  { target: rate, duration: `${Math.round(seconds * 1000)}ms` },
]);

export const options = {
  discardResponseBodies: true,
  scenarios: Object.fromEntries(Object.entries(plan).map(([name, load]) => [name, {
    executor: 'ramping-arrival-rate',
    startRate: load.waves[0][0],
    timeUnit: '1s',
    stages: steps(load.waves),
    preAllocatedVUs: 250,
    maxVUs: 500,
    gracefulStop: '30s',
    env: { URL: load.url },
  }])),
};

export default function () {
  const method = exec.scenario.iterationInTest % 2 ? 'POST' : 'GET';
  const at = Date.now();
  const answer = http.request(method, __ENV.URL, method === 'POST' ? 'x' : null, { timeout: '30s', redirects: 0 });
  const took = Date.now() - at;
  const replica = answer.headers['X-Replica'] || '';
  console.log(JSON.stringify({ service: exec.scenario.name, method, at, took, status: answer.status, error: answer.error, replica }));
}

export function handleSummary(data) {
  const dropped = data.metrics.dropped_iterations;
  return { [__ENV.SUMMARY]: JSON.stringify({ not_sent: dropped ? dropped.values.count : 0 }) };
}
