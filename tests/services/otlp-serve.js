// A receiver of OTLP/HTTP (JSON or protobuf), strict by the published protocol definitions, which it
// takes from an npm package: 400 with what is wrong.
// node otlp-serve.js PORT DIRECTORY; what was taken is appended to DIRECTORY/received.jsonl, refusals
// to DIRECTORY/refused.jsonl.
// SPDX-License-Identifier: MIT
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const zlib = require('zlib');
const { getProtoRoot } = require(path.join(path.dirname(require.resolve('@elastic/mockotlpserver')), 'proto.js'));

const [port, dir] = process.argv.slice(2);
const TYPES = {
  '/v1/traces': 'opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest',
  '/v1/metrics': 'opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest',
  '/v1/logs': 'opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest',
};
const root = getProtoRoot();
root.resolveAll();
const camel = (s) => s.replace(/_([a-z0-9])/g, (_, c) => c.toUpperCase());
const INTS = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n], sint32: [-(2n ** 31n), 2n ** 31n - 1n], sfixed32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n], fixed32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n], sint64: [-(2n ** 63n), 2n ** 63n - 1n], sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n], fixed64: [0n, 2n ** 64n - 1n],
};
const IDS = { traceId: 32, spanId: 16, parentSpanId: 16 };

function value(f, v, at, bad) {
  const t = f.resolvedType;
  if (t && t.fields) return message(t, v, at, bad);
  if (t) { // an enum: OTLP/JSON takes integers only
    if (!Number.isInteger(v) || !(v in t.valuesById)) bad(at, `enum must be one of the integers ${Object.keys(t.valuesById)}`);
  } else if (INTS[f.type]) {
    const [lo, hi] = INTS[f.type];
    const wide = f.type.endsWith('64');
    if (typeof v === 'string' ? !wide || !/^-?\d+$/.test(v) : !Number.isInteger(v)) return bad(at, `${f.type} must be ${wide ? 'a decimal string or an integer' : 'an integer'}`);
    if (typeof v === 'number' && !Number.isSafeInteger(v)) return bad(at, `${f.type} beyond 2^53 must be a string`);
    if (BigInt(v) < lo || BigInt(v) > hi) bad(at, `${f.type} out of range`);
  } else if (f.type === 'string') {
    if (typeof v !== 'string') bad(at, 'must be a string');
  } else if (f.type === 'bool') {
    if (typeof v !== 'boolean') bad(at, 'must be a boolean');
  } else if (f.type === 'bytes') {
    const n = IDS[camel(f.name)];
    if (typeof v !== 'string') bad(at, 'must be a string');
    else if (n && !(camel(f.name) === 'parentSpanId' && v === '')) {
      if (!new RegExp(`^[0-9a-f]{${n}}$`).test(v)) bad(at, `must be ${n} lower-case hex digits`);
      else if (/^0+$/.test(v)) bad(at, 'must not be all zeros');
    }
  } else if (typeof v !== 'number' && !['NaN', 'Infinity', '-Infinity'].includes(v)) bad(at, 'must be a number');
}

function message(type, o, at, bad) {
  if (o === null || typeof o !== 'object' || Array.isArray(o)) return bad(at, `must be an object (${type.name})`);
  const byName = new Map(type.fieldsArray.map((f) => [camel(f.name), f]));
  const ones = {};
  for (const [k, v] of Object.entries(o)) {
    const f = byName.get(k);
    if (!f) { bad(`${at}.${k}`, `no such field in ${type.name}`); continue; }
    if (f.partOf && !f.options?.proto3_optional) (ones[f.partOf.name] ??= []).push(k);
    if (f.repeated) {
      if (!Array.isArray(v)) bad(`${at}.${k}`, 'must be an array');
      else v.forEach((x, i) => value(f, x, `${at}.${k}[${i}]`, bad));
    } else value(f, v, `${at}.${k}`, bad);
  }
  for (const [n, ks] of Object.entries(ones)) if (ks.length > 1) bad(at, `one of ${n} only: ${ks}`);
  const rule = RULES[type.name];
  if (rule) rule(o, at, bad);
}

function attributes(o, at, bad) {
  const seen = new Set();
  for (const a of Array.isArray(o.attributes) ? o.attributes : []) {
    if (!a || !a.key) bad(at, 'an attribute has no key');
    else if (seen.has(a.key)) bad(at, `attribute ${a.key} stands twice`);
    else seen.add(a.key);
  }
}
const big = (x) => { try { return BigInt(x ?? 0); } catch { return 0n; } };
const point = (p, at, bad) => {
  attributes(p, at, bad);
  if (big(p.timeUnixNano) === 0n) bad(at, 'timeUnixNano is missing');
  if (big(p.startTimeUnixNano) > big(p.timeUnixNano)) bad(at, 'starts after its time');
};
const RULES = {
  Resource: (o, at, bad) => {
    attributes(o, at, bad);
    if (!(o.attributes || []).some((a) => a && a.key === 'service.name')) bad(at, 'service.name is missing');
  },
  Span: (o, at, bad) => {
    attributes(o, at, bad);
    for (const k of ['traceId', 'spanId', 'name']) if (!o[k]) bad(at, `${k} is missing`);
    const s = big(o.startTimeUnixNano);
    const e = big(o.endTimeUnixNano);
    if (s < 10n ** 18n || s > 10n ** 19n) bad(at, 'startTimeUnixNano is not nanoseconds since 1970');
    if (e < s) bad(at, 'ends before it starts');
    if (o.parentSpanId && o.parentSpanId === o.spanId) bad(at, 'is its own parent');
  },
  Metric: (o, at, bad) => {
    if (!o.name) bad(at, 'name is missing');
    if (!['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'].some((k) => k in o)) bad(at, 'has no data');
  },
  Sum: (o, at, bad) => { if (![1, 2].includes(o.aggregationTemporality)) bad(at, 'aggregationTemporality must be 1 or 2'); },
  Histogram: (o, at, bad) => { if (![1, 2].includes(o.aggregationTemporality)) bad(at, 'aggregationTemporality must be 1 or 2'); },
  NumberDataPoint: (o, at, bad) => { point(o, at, bad); if (!('asInt' in o) && !('asDouble' in o)) bad(at, 'has no value'); },
  HistogramDataPoint: (o, at, bad) => {
    point(o, at, bad);
    const c = o.bucketCounts || [];
    const b = o.explicitBounds || [];
    if (c.length && c.length !== b.length + 1) bad(at, 'bucketCounts must be one longer than explicitBounds');
    if (c.length && c.reduce((x, y) => x + big(y), 0n) !== big(o.count)) bad(at, 'bucketCounts do not add up to count');
    if (b.some((x, i) => i && x <= b[i - 1])) bad(at, 'explicitBounds must rise');
  },
};

// What a decoded protobuf message reads as in OTLP/JSON.
function asJson(type, m) {
  const o = type.toObject(m, { longs: String, bytes: Buffer, defaults: false });
  const walk = (t, x) => {
    for (const f of t.fieldsArray) {
      const k = f.name in x ? f.name : camel(f.name);
      if (!(k in x)) continue;
      const fix = (v) => (Buffer.isBuffer(v) ? v.toString(IDS[camel(f.name)] ? 'hex' : 'base64') : f.resolvedType && f.resolvedType.fields ? walk(f.resolvedType, v) : v);
      const v = f.repeated ? x[k].map(fix) : fix(x[k]);
      delete x[k];
      x[camel(f.name)] = v;
    }
    return x;
  };
  return walk(type, o);
}

const append = (name, o) => fs.appendFileSync(path.join(dir, name), JSON.stringify(o, (k, v) => (typeof v === 'bigint' ? String(v) : v)) + '\n');

http.createServer((req, res) => {
  const parts = [];
  req.on('data', (d) => parts.push(d));
  req.on('end', () => {
    const wrong = [];
    const bad = (at, what) => wrong.length < 50 && wrong.push(`${at.replace(/^\./, '') || 'body'}: ${what}`);
    const say = (status, o) => { res.writeHead(status, { 'Content-Type': 'application/json' }); res.end(JSON.stringify(o)); };
    if (req.url === '/-/ready') return say(200, {});
    if (!TYPES[req.url]) return say(404, { message: 'no such path' });
    if (req.method !== 'POST') return say(405, { message: 'POST only' });
    const type = root.lookupType(TYPES[req.url]);
    const kind = (req.headers['content-type'] || '').split(';')[0].trim();
    let o;
    try {
      let body = Buffer.concat(parts);
      if (req.headers['content-encoding'] === 'gzip') body = zlib.gunzipSync(body);
      else if (req.headers['content-encoding']) return say(415, { message: 'unknown Content-Encoding' });
      if (kind === 'application/json') o = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
      else if (kind === 'application/x-protobuf') o = asJson(type, type.decode(body));
      else return say(415, { message: `Content-Type ${kind || '(none)'}: want application/json or application/x-protobuf` });
      message(type, o, '', bad);
    } catch (e) {
      bad('', String(e.message || e));
    }
    if (wrong.length) {
      append('refused.jsonl', { path: req.url, wrong });
      return say(400, { code: 3, message: wrong.join('; ') });
    }
    append('received.jsonl', { path: req.url, body: o });
    say(200, { partialSuccess: {} });
  });
}).listen(Number(port), '127.0.0.1');
