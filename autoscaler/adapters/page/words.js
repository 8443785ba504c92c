// Values -> what people read.

const time = new Intl.DateTimeFormat([], {timeStyle: "medium"});

export function clock(at) {
  return at === null || at === undefined ? "–" : time.format(new Date(at * 1000));
}

const seconds = (value) => (value < 10 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(1)} s`);
const number = (value) => new Intl.NumberFormat([], {maximumSignificantDigits: 4}).format(value);

const units = {
  latency: seconds,
  requests: (value) => `${number(value)} req/s`,
  concurrency: (value) => `${number(value)} in flight`,
  error_ratio: (value) => `${number(value * 100)} %`,
};

export function inUnit(rule, value) {
  if (value === null || value === undefined) return "–";
  return (units[rule?.source?.signal] ?? number)(value);
}

export function percent(ratio) {
  return ratio === null || ratio === undefined ? "–" : `${Math.round(ratio * 100)} %`;
}

export function target(rule, proposal) {
  if (rule?.steps?.length) return "steps";
  return inUnit(rule, proposal.target) + (rule?.goal === "per_replica" ? " each" : "");
}
