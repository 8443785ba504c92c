// Quiet, a step to five times as much, quiet again; arrivals do not wait for answers (an open model).
import http from 'k6/http';

const quiet = Number(__ENV.QUIET_RATE);
const loud = Number(__ENV.LOUD_RATE);

export const options = {
  insecureSkipTLSVerify: true,
  discardResponseBodies: true,
  scenarios: {
    users: {
      executor: 'ramping-arrival-rate',
      startRate: quiet,
      timeUnit: '1s',
      preAllocatedVUs: 600,
      maxVUs: 4000,
      gracefulStop: '30s',
      stages: [
        { duration: __ENV.BEFORE, target: quiet },
        { duration: '0s', target: loud },
        { duration: __ENV.DURING, target: loud },
        { duration: '0s', target: quiet },
        { duration: __ENV.AFTER, target: quiet },
      ],
    },
  },
};

export function setup() {
  console.log(`started_at ${Date.now()}`);
}

export default function () {
  http.get(__ENV.URL, { timeout: '30s' });
}

export function handleSummary(data) {
  const requests = data.metrics.http_reqs.values.count;
  const failed = data.metrics.http_req_failed.values.passes;
  const dropped = data.metrics.dropped_iterations ? data.metrics.dropped_iterations.values.count : 0;
  return { [__ENV.SUMMARY]: JSON.stringify({ requests, failed, not_sent: dropped }) };
}
