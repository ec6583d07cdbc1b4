// Writes the dashboards as TypeScript, to be checked against Grafana's own types: the
// whole, and of each panel what its kind has of its own.
//
// usage: node types.mjs OUT.ts BOARD.json...
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const [out, ...files] = process.argv.slice(2);

let text = `// Made by types.mjs.
import type { Dashboard, GraphFieldConfig, TableFieldOptions } from '@grafana/schema';
import type { Options as StatOptions } from '../node_modules/@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/types.gen.d.ts';
import type { Options as TableOptions } from '../node_modules/@grafana/schema/dist/types/raw/composable/table/panelcfg/x/types.gen.d.ts';
import type { Options as TimeSeriesOptions } from '../node_modules/@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/types.gen.d.ts';

// JSON has the values of enums where TypeScript wants their names.
type Plain<T> = T extends string ? \`\${T}\` : T extends number | boolean | null | undefined ? T
  : T extends (infer E)[] ? Plain<E>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
`;

// What the data source for Prometheus reads of an annotation is not in the types, nor is
// the text of a variable's query, which the editor shows.
const ofPrometheus = ['expr', 'step', 'titleFormat', 'textFormat', 'tagKeys', 'useValueForTime'];

const options = { stat: 'StatOptions', table: 'TableOptions', timeseries: 'TimeSeriesOptions' };
const custom = { table: 'TableFieldOptions', timeseries: 'GraphFieldConfig' };

files.forEach((file, i) => {
  const board = JSON.parse(readFileSync(file, 'utf8'));
  board.annotations.list.forEach((a) => ofPrometheus.forEach((member) => delete a[member]));
  board.templating.list.forEach((v) => delete v.definition);
  text += `\nexport const board${i}: Plain<Dashboard> = ${JSON.stringify(board, null, 1)};\n`;
  for (const panel of board.panels) {
    const name = `${i}_${panel.id}`;
    if (panel.type === 'row') {
      continue;
    }
    if (!options[panel.type]) {
      throw new Error(`${panel.title}: no type is known for ${panel.type}`);
    }
    text += `export const options${name}: Partial<Plain<${options[panel.type]}>> = ${JSON.stringify(panel.options)};\n`;
    if (panel.fieldConfig.defaults.custom) {
      text += `export const custom${name}: Partial<Plain<${custom[panel.type]}>> = ${JSON.stringify(panel.fieldConfig.defaults.custom)};\n`;
    }
  }
});
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, text);
