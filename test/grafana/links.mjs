// Interpolates the links of all panels with Grafana's own code, over the answers of a
// real Prometheus, and fetches what they lead to. It prints what is wrong, a line each.
//
// usage: node links.mjs PROMETHEUS EXPORTER BOARD.json...
import './browser.mjs';
import { readFileSync } from 'node:fs';
import {
  applyFieldOverrides, createTheme, FieldType, standardTransformers, standardTransformersRegistry, toDataFrame, transformDataFrame,
} from '@grafana/data';
import { firstValueFrom } from 'rxjs';
import { sceneInterpolator } from 'grafana-interpolator';

const [prometheus, exporter, ...files] = process.argv.slice(2);
const problems = [];
const kinds = new Set(); // of links that were followed
const boards = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));

standardTransformersRegistry.setInit(() =>
  [standardTransformers.mergeTransformer, standardTransformers.organizeFieldsTransformer].map((t) => ({ id: t.id, name: t.name, transformation: t })));

// What of a field's configuration bears on links.
const properties = ['links', 'displayName', 'unit', 'decimals', 'noValue', 'custom.width', 'custom.lineStyle', 'custom.fillOpacity'];
const registry = {
  getIfExists: (id) => properties.includes(id)
    ? { id, path: id, isCustom: id.startsWith('custom.'), process: (value) => value, shouldApply: () => true }
    : undefined,
  list: () => properties.map(registry.getIfExists),
};

// A scene with the variables of the dashboard, all as Grafana has them when everything
// is chosen.
function sceneOf(board) {
  const values = { datasource: 'periskop-prometheus', exporter };
  const variables = board.templating.list.map((v) => ({
    state: { name: v.name, type: v.type, text: values[v.name] ?? 'All', value: values[v.name] ?? '.*' },
    getValue() { return this.state.value; },
    getValueText() { return this.state.text; },
  }));
  const range = { raw: { from: 'now-1h', to: 'now' }, from: new Date(Date.now() - 3600e3), to: new Date() };
  return {
    state: {
      $variables: { getByName: (name) => variables.find((v) => v.state.name === name) },
      $timeRange: { state: { value: range }, urlSync: { getUrlState: () => ({ from: 'now-1h', to: 'now' }) } },
    },
  };
}

const substitutions = {
  $__range: '10m', $__rate_interval: '10s', '${__from}': String(Date.now() - 600e3),
  $service: '.*', $severity: '.*', $class: '.*', $key: '.*', $job: '.*', $instance: '.*',
};

async function query(expr) {
  const text = Object.entries(substitutions).reduce((s, [name, value]) => s.replaceAll(name, value), expr);
  const answer = await (await fetch(`${prometheus}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query: text }) })).json();
  return answer.data.result;
}

// frameOf is the answer as Grafana's data source for Prometheus makes it: one table, or a
// frame for each series.
function framesOf(target, result) {
  if (target.format === 'table') {
    const labels = [...new Set(result.flatMap((s) => Object.keys(s.metric)))];
    return [toDataFrame({
      refId: target.refId,
      fields: [
        { name: 'Time', type: FieldType.time, values: result.map((s) => s.value[0] * 1000) },
        ...labels.map((name) => ({ name, type: FieldType.string, values: result.map((s) => s.metric[name] ?? '') })),
        { name: `Value #${target.refId}`, type: FieldType.number, values: result.map((s) => Number(s.value[1])) },
      ],
    })];
  }
  return result.map((s) => toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: [s.value[0] * 1000] },
      { name: 'Value', type: FieldType.number, labels: s.metric, values: [Number(s.value[1])] },
    ],
  }));
}

async function check(board, panel) {
  let frames = [];
  for (const target of panel.targets) {
    frames.push(...framesOf(target, await query(target.expr)));
  }
  frames = await firstValueFrom(transformDataFrame(panel.transformations ?? [], frames));
  const scene = sceneOf(board);
  const fields = applyFieldOverrides({
    data: frames, fieldConfig: panel.fieldConfig, fieldConfigRegistry: registry, theme: createTheme(),
    replaceVariables: (text, scoped, format) => sceneInterpolator(scene, text, scoped, format),
  }).flatMap((frame) => frame.fields);
  let links = 0;
  for (const field of fields.filter((f) => f.type !== FieldType.time)) {
    for (let row = 0; row < field.values.length && field.config.links?.length; row++) {
      for (const link of field.getLinks({ valueRowIndex: row })) {
        links++;
        await follow(board, panel, fields, row, field, link.href);
      }
    }
  }
  if (links === 0) {
    problems.push(`${board.title}, ${panel.title}: has no links`);
  }
  return links;
}

const label = (fields, field, row, name) => field.labels?.[name] ?? fields.find((f) => f.name === name)?.values[row];

async function follow(board, panel, fields, row, field, href) {
  const where = `${board.title}, ${panel.title}: ${href}`;
  if (href.startsWith('/d/')) {
    const url = new URL(href, 'http://grafana');
    const uid = url.pathname.split('/')[2];
    const service = label(fields, field, row, 'service_name') ?? field.values[row];
    if (!boards.some((b) => b.uid === uid) || url.searchParams.get('var-service') !== service) {
      problems.push(`${where} does not lead to the dashboard of ${service}`);
    }
    return;
  }
  const id = label(fields, field, row, 'exception_id');
  const answer = await fetch(href, { redirect: 'manual' });
  const older = href.endsWith('/older');
  // The demo was not told of a log store, and says so.
  const right = older ? answer.status === 404 && (await answer.text()).includes('--web.logs-url') : answer.ok;
  if (!right || href !== `${exporter}/trace/${id}${older ? '/older' : ''}`) {
    problems.push(`${where} is answered with ${answer.status}, for the exception ${id}`);
  }
  kinds.add(older);
  if (!older) {
    await answer.body?.cancel();
  }
}

let followed = 0;
for (const board of boards) {
  for (const panel of board.panels) {
    const text = JSON.stringify(panel);
    if (text.includes('/trace/') || text.includes('"/d/')) {
      followed += await check(board, panel);
    }
  }
}
console.log(`${followed} links followed`);
if (kinds.size !== 2) {
  problems.push('no link leads to the trace, or none to older occurrences');
}
problems.forEach((p) => console.log(p));
process.exit(problems.length > 0 || followed === 0 ? 1 : 0);
