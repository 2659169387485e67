// Bundles the browser's files into app/static/dist: content-hashed names, manifest.json for
// `asset()`, a .gz beside each, and one sprite of the Tabler icons that the product uses.
// `node app/static/build.mjs`, after `npm ci`; safe to repeat.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const app = dirname(here);
const icons = join(app, '..', 'node_modules', '@tabler', 'icons', 'icons', 'outline');
const dist = join(here, 'dist');

// every bundle: what `asset()` calls it, and where it begins
const ENTRIES = {
  app: 'js/app.js',
  diagram: 'js/diagram.js',
  form: 'js/form.js',
  board: 'js/board.js',
  style: 'css/app.css',
  'diagram-style': 'css/bpmn.css',
};

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (['dist', 'node_modules', '__pycache__'].includes(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : [path];
  });
}

// icon("name") anywhere; in templates also any quoted name inside {{ }} and {% %}, because macros
// take icons as arguments; icon = "name" and ICONS = {…} in Python, icon in TOML
function usedIcons() {
  const used = new Set();
  const known = (name) => existsSync(join(icons, `${name}.svg`));
  const each = (text, pattern, use) => [...text.matchAll(pattern)].forEach((found) => use(found[1] ?? found[0]));
  for (const path of [...files(app), ...files(join(app, '..', 'processes'))]) {
    const kind = extname(path);
    if (!['.html', '.py', '.js', '.toml'].includes(kind)) continue;
    const text = readFileSync(path, 'utf8');
    each(text, /icon(?:\(\s*|\s*=\s*)["']([a-z0-9-]+)["']/g, (name) => {
      if (!known(name)) throw new Error(`${relative(app, path)} uses icon '${name}', which Tabler does not have`);
      used.add(name);
    });
    if (kind === '.py') {
      each(text, /ICONS = \{[^}]*\}/g, (code) => each(code, /: ["']([a-z0-9-]+)["']/g, (name) => used.add(name)));
    }
    if (kind !== '.html') continue;
    each(text, /\{[{%][\s\S]*?[%}]\}/g, (code) => {
      each(code, /["']([a-z][a-z0-9-]*)["']/g, (name) => known(name) && used.add(name));
    });
  }
  return [...used].sort();
}

function sprite(names) {
  const symbols = names.map((name) => {
    const svg = readFileSync(join(icons, `${name}.svg`), 'utf8');
    const body = svg.replace(/<!--[\s\S]*?-->/g, '').replace(/^[\s\S]*?<svg[^>]*>|<\/svg>[\s\S]*$/g, '');
    return `<symbol id="${name}" viewBox="0 0 24 24">${body.replace(/\s*\n\s*/g, '')}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('\n')}</svg>\n`;
}

mkdirSync(dist, { recursive: true });
const manifest = {};
function put(name, content) {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
  const file = `${name.replace(/\.[a-z]+$/, '')}-${hash}${extname(name)}`;
  writeFileSync(join(dist, file), content);
  const small = gzipSync(content, { level: 9 });
  writeFileSync(join(dist, `${file}.gz`), small);
  manifest[name] = file;
  console.log(`${name.padEnd(20)} ${String(content.length).padStart(8)} B ${String(small.length).padStart(8)} B gzip`);
}

const present = Object.entries(ENTRIES).filter(([, path]) => existsSync(join(here, path)));
const result = await build({
  entryPoints: Object.fromEntries(present.map(([name, path]) => [name, join(here, path)])),
  bundle: true, minify: true, write: false, outdir: dist, format: 'esm', target: 'es2022',
  legalComments: 'eof', logLevel: 'warning',
  loader: { '.woff': 'dataurl', '.woff2': 'dataurl', '.svg': 'dataurl', '.ttf': 'dataurl', '.eot': 'empty' },
});
for (const file of result.outputFiles) put(relative(dist, file.path), Buffer.from(file.contents));
put('icons.svg', Buffer.from(sprite(usedIcons())));
put('logo.svg', readFileSync(join(here, 'img', 'logo.svg')));
writeFileSync(join(dist, 'manifest.json'), JSON.stringify(manifest, null, 1));
// what an earlier build left; last, so that a running server never misses a file it names
const current = new Set(['manifest.json', ...Object.values(manifest).flatMap((file) => [file, `${file}.gz`])]);
for (const file of readdirSync(dist)) if (!current.has(file)) rmSync(join(dist, file), { force: true });
