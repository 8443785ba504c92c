// A quiet load on each service, and steps on top of it; arrivals do not wait for answers (an open model).
import http from 'k6/http';

const plan = JSON.parse(__ENV.PLAN); // [{name, url, rate, start_s, duration_s}]

const scenario = (load) => ({
  executor: 'constant-arrival-rate',
  rate: load.rate,
  timeUnit: '1s',
  startTime: `${Math.round(load.start_s * 1000)}ms`,
  duration: `${Math.round(load.duration_s * 1000)}ms`,
  preAllocatedVUs: 10,
  maxVUs: 500,
  gracefulStop: '5s',
  env: { NAME: load.name, URL: load.url },
});

export const options = {
  insecureSkipTLSVerify: true,
  discardResponseBodies: true,
  scenarios: Object.fromEntries(plan.map((load) => [load.name, scenario(load)])),
};

export default function () {
  const at = Date.now();
  const answer = http.get(__ENV.URL, { timeout: '10s' });
  const took = Date.now() - at;
  const replica = answer.headers['X-Replica'] || '';
  console.log(JSON.stringify({ load: __ENV.NAME, at, took, status: answer.status, error: answer.error, replica }));
}

export function handleSummary(data) {
  const dropped = data.metrics.dropped_iterations;
  return { [__ENV.SUMMARY]: JSON.stringify({ not_sent: dropped ? dropped.values.count : 0 }) };
}
