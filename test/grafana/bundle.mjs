// Bundles links.mjs for Node, as Grafana's packages are made for a bundler and a browser.
// What only draws pages is left out: react, the packages on top of it, and those of
// Grafana's that talk to its server.
//
// usage: node bundle.mjs OUT.mjs
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const drawing = /^(react|react-dom|react-.*|rc-.*|uplot|@emotion\/.*|@floating-ui\/.*|@tanstack\/.*|@leeoniya\/.*|@grafana\/(runtime|ui|i18n|e2e-selectors))(\/.*)?$/;

// nothing answers to every name, can be called, made and extended. The bundler copies
// what a module has of its own, and looks up the rest in its prototype.
const nothing = `
const get = (target, name) => name === '__esModule' ? true : name === 'prototype' ? target.prototype : name === Symbol.toPrimitive ? () => '' : nothing;
const names = new Proxy(Object.create(null), { get });
const nothing = new Proxy(function () {}, { get, apply: () => nothing, getPrototypeOf: () => names });
module.exports = nothing;
`;

await build({
  entryPoints: [here('links.mjs')], outfile: process.argv[2],
  bundle: true, platform: 'node', format: 'esm', logLevel: 'error', logLimit: 5,
  alias: { 'grafana-interpolator': here('node_modules/@grafana/scenes/dist/esm/packages/scenes/src/variables/interpolation/sceneInterpolator.js') },
  plugins: [{
    name: 'nothing is drawn',
    setup(b) {
      b.onResolve({ filter: drawing }, (args) => ({ path: args.path, namespace: 'nothing' }));
      b.onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: nothing, loader: 'js' }));
    },
  }],
  loader: { '.css': 'empty' },
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
});
