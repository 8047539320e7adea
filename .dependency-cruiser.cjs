/**
 * Who may import whom. One line of WALLS is one wall; docs/decisions/0003-walls.md says why, and
 * test/walls breaches each rule on purpose to prove that it holds.
 */

/** Folder of src → folders (or single files) of src it may import besides itself. */
const WALLS = {
  core: [],
  disk: ['core'],
  witness: ['core'],
  crypto: ['core'],
  archive: ['core'],
  stamps: ['core', 'crypto'],
  db: ['core'],
  bundle: ['core', 'crypto', 'archive', 'disk', 'stamps'],
  custody: ['core', 'crypto', 'disk', 'stamps', 'bundle/layout.ts'],
  transfer: ['core', 'archive', 'bundle', 'disk'],
  collect: ['core', 'disk', 'bundle/objects.ts', 'bundle/layout.ts'],
  'collect-aws': ['core', 'disk', 'collect', 'bundle/objects.ts'],
  sources: ['core'],
  framing: ['core', 'sources/source.ts'],
  ingest: ['core', 'disk', 'db', 'sources', 'framing', 'bundle', 'archive', 'custody'],
  query: ['core', 'db'],
  detect: ['core'],
  sigma: ['core', 'detect/cidr.ts', 'detect/positioned-json.ts'],
  correlate: ['core', 'db', 'detect/cidr.ts'],
  report: ['core', 'query', 'db'],
  app: [
    'core',
    'crypto',
    'archive',
    'db',
    'disk',
    'witness',
    'stamps',
    'bundle',
    'custody',
    'collect',
    'collect-aws',
    'transfer',
    'sources',
    'framing',
    'ingest',
    'query',
    'detect',
    'sigma',
    'correlate',
    'report',
    'disk',
    'witness',
  ],
  cli: ['core', 'app'],
};

/** npm package → the folder or file of src that may import it, or several. */
const PACKAGES = {
  '@aws-sdk': 'collect-aws',
  '@smithy': 'collect-aws',
  'age-encryption': 'transfer/age.ts',
  'node-forge': 'crypto',
  'tar-stream': 'archive',
  'better-sqlite3': 'db',
  'csv-stringify': 'report/csv.ts',
  commander: 'cli',
  maxmind: 'correlate/mmdb.ts',
  yaml: ['query', 'sigma/yaml.ts'],
};

const NETWORK = '^(node:)?(net|tls|http|https|http2|dgram|dns|dns/promises|inspector)$';
const inside = (place) => (place.endsWith('.ts') ? `^src/${place}$` : `^src/${place}/`);
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

const folderWalls = Object.entries(WALLS).map(([folder, allowed]) =>
  rule(
    `wall-${folder}`,
    `src/${folder} may import only: ${[folder, ...allowed].join(', ')}`,
    { path: inside(folder) },
    { path: '^src/', pathNot: [folder, ...allowed].map(inside) },
  ),
);

const packageWalls = Object.entries(PACKAGES).map(([name, owner]) =>
  rule(
    `package-${name}`,
    `${name} (and its types) belongs to src/${[owner].flat().join(' and src/')} alone`,
    { path: '^src/', pathNot: [owner].flat().map(inside) },
    { path: `node_modules/(@types/)?${name}/` },
  ),
);

module.exports = {
  forbidden: [
    ...folderWalls,
    ...packageWalls,
    rule(
      'package-unlisted',
      'a package without an owner in PACKAGES',
      { path: '^src/' },
      {
        path: 'node_modules/',
        pathNot: [`node_modules/(@types/)?(${Object.keys(PACKAGES).join('|')}|node)/`],
      },
    ),
    rule(
      'wall-new-folder',
      'every folder of src needs its line in WALLS',
      { path: '^src/', pathNot: Object.keys(WALLS).map(inside) },
      {},
    ),
    rule(
      'sources-apart',
      'a source never imports another source, only what all share (_*.ts); only the registry knows them all',
      { path: '^src/sources/([^/]+?)(/|\\.ts$)', pathNot: ['^src/sources/_?registry\\.ts$'] },
      {
        path: '^src/sources/',
        pathNot: [
          '^src/sources/source\\.ts$',
          '^src/sources/_(?!registry)[a-z_]+\\.ts$',
          '^src/sources/$1(/|\\.ts$)',
        ],
      },
    ),
    rule(
      'core-pure',
      'core has no I/O: only node:crypto, node:buffer, node:path and node:zlib',
      { path: inside('core') },
      { dependencyTypes: ['core'], pathNot: ['^(node:)?(crypto|buffer|path|path/posix|zlib)$'] },
    ),
    rule(
      'sources-pure',
      'a source maps bytes to rows and touches nothing else: only node:crypto, node:buffer and node:zlib',
      { path: inside('sources') },
      { dependencyTypes: ['core'], pathNot: ['^(node:)?(crypto|buffer|zlib)$'] },
    ),
    rule('no-network', 'exhibit works offline', { path: '^src/' }, { path: NETWORK }),
    rule(
      'no-child-process',
      'exhibit starts no other program; only bin/exhibit starts Node',
      { path: '^src/' },
      { path: '^(node:)?(child_process|cluster)$' },
    ),
    rule(
      'no-src-to-test',
      'the product never depends on its tests, samples or benchmarks',
      { path: '^src/' },
      { path: '^(test|bench|evidence-samples|docs)/' },
    ),
    rule(
      'no-cycle',
      'no cycles at run time (types may refer to each other)',
      { path: '^src/' },
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    rule(
      'no-orphan',
      'a file that nothing imports',
      { orphan: true, path: '^src/', pathNot: '[.]d[.]ts$' },
      {},
    ),
    rule(
      'not-resolvable',
      'an import that leads nowhere',
      { path: '^src/' },
      { couldNotResolve: true },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
