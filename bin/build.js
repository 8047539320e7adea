'use strict';
/*
 * Makes `dist/` from `src/`: the same code without its types, so that Node need not take them out on every start and in
 * every thread (docs/decisions/0002-launcher.md). `npm run demo`, `test`, `bench` and
 * `build` run it (`npm ci` does not: .npmrc lets no script run); it needs nothing but the pinned Node. What it does
 * cannot be seen from outside, but for the time it saves: the launcher starts src/ where dist/ is missing or older.
 */

var fs = require('fs');
var path = require('path');
var strip = require('module').stripTypeScriptTypes;

var ROOT = path.dirname(__dirname);
var SOURCE = path.join(ROOT, 'src');
var TARGET = path.join(ROOT, 'dist');
/** Sizes and times of the files that dist/ was made from. */
var BUILT = path.join(ROOT, '.built.json');

/** Relative imports and worker threads: `'./x.ts'` becomes `'./x.js'`. */
var SPECIFIER = /(['"])(\.{1,2}\/[^'"\s]*)\.ts\1/g;

function filesUnder(folder) {
  var found = [];
  fs.readdirSync(path.join(SOURCE, folder)).forEach(function (name) {
    var file = path.join(folder, name);
    if (fs.statSync(path.join(SOURCE, file)).isDirectory()) found = found.concat(filesUnder(file));
    else if (/\.ts$/.test(name)) found.push(file);
  });
  return found;
}

function build() {
  fs.rmSync(BUILT, { force: true });
  fs.rmSync(TARGET, { recursive: true, force: true });
  var built = filesUnder('').map(function (file) {
    var source = path.join(SOURCE, file);
    var stat = fs.statSync(source);
    var target = path.join(TARGET, file.replace(/\.ts$/, '.js'));
    var code = strip(fs.readFileSync(source, 'utf8')).replace(SPECIFIER, '$1$2.js$1');
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, code);
    return [file, stat.size, stat.mtimeMs];
  });
  // Last: a build that was cut short is none.
  fs.writeFileSync(BUILT, JSON.stringify(built));
}

if (strip === undefined) {
  process.stderr.write('exhibit: this Node cannot build dist/; src/ is started instead\n');
} else {
  // Node says once that taking out types is young.
  process.removeAllListeners('warning');
  build();
}
