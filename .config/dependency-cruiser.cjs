/**
 * Who may know whom. The order of the house is
 *
 *     core < events < sql < collectors | analysis | store < server < cli
 *
 * and an import may only point to the left. test/layers/layers.test.ts runs these rules on the tree, and on a canary
 * that breaks each of them once, so that a rule that no longer sees anything fails the tests. A type-only import counts
 * as an import: it is knowledge all the same.
 */

/** What stands above collectors, analysis and store alike. */
const ABOVE_STORE = '^(src/(server|cli)|dashboards)/';

/** Modules of Node that only compute; everything else reaches the machine. */
const COMPUTING_ONLY = '^(node:)?(buffer|util|assert|string_decoder)$';
const COMPUTING_AND_CIPHERS = '^(node:)?(buffer|util|assert|string_decoder|crypto)$';

/** Modules of Node that can open a connection or start a program. */
const REACHES_OUT =
  '^(node:)?(net|tls|dgram|dns|dns/promises|http|https|http2|child_process|cluster|inspector)$';

module.exports = {
  forbidden: [
    {
      name: 'core-knows-nothing',
      comment:
        'core holds what any program of this kind could use: it knows no other room and no package, so it can be read first and alone.',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { pathNot: '^src/core/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'events-know-core-only',
      comment:
        'The nouns that all parts share must not depend on any part, or a change in one part would reach all others through them.',
      severity: 'error',
      from: { path: '^src/events/' },
      to: { pathNot: '^src/(core|events)/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'sql-knows-core-and-events-only',
      comment:
        'Lexing and fingerprints are about text. Where the text came from and where it goes is not their business; libpg-query is the one package that understands it better.',
      severity: 'error',
      from: { path: '^src/sql/' },
      to: {
        pathNot: '^src/(core|events|sql)/|(^|/)node_modules/libpg-query/',
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'collectors-look-down',
      comment:
        'A collector tells events to a sink that somebody hands it. It knows neither who analyses nor who stores them, so that each can be tested and replaced alone.',
      severity: 'error',
      from: { path: '^collectors/' },
      to: { path: `^(analysis|src/store)/|${ABOVE_STORE}` },
    },
    {
      name: 'analysis-looks-down',
      comment:
        'Analysis is a pure function of facts. It does not ask for them, so the same code serves live windows, past incidents and tests.',
      severity: 'error',
      from: { path: '^analysis/' },
      to: { path: `^(collectors|src/store)/|${ABOVE_STORE}` },
    },
    {
      name: 'store-looks-down',
      comment:
        'The store keeps events and answers questions; who makes the events and what is found in the answers is joined in the command line and the server.',
      severity: 'error',
      from: { path: '^src/store/' },
      to: { path: `^(collectors|analysis)/|${ABOVE_STORE}` },
    },
    {
      name: 'server-looks-down',
      comment: 'The command line starts the server, not the other way round.',
      severity: 'error',
      from: { path: '^src/server/' },
      to: { path: '^(src/cli|dashboards)/' },
    },
    {
      name: 'code-does-not-know-pages',
      comment:
        'The dashboards are built by their own tool and served as files; nothing imports them.',
      severity: 'error',
      from: { path: '^(src|collectors|analysis)/' },
      to: { path: '^dashboards/' },
    },
    {
      name: 'protocols-are-strangers',
      comment:
        'To add a protocol is to add a folder, and to remove one is to remove a folder. What two protocols share moves up into collectors/protocols or into core. TLS is what any of them may be wrapped in, and knows none of them.',
      severity: 'error',
      from: { path: '^collectors/protocols/([^/]+)/' },
      to: { path: '^collectors/protocols/[^/]+/', pathNot: '^collectors/protocols/($1|tls)/' },
    },
    {
      name: 'network-knows-no-protocol',
      comment:
        'Packets become byte streams without a thought of what the bytes say; the pipeline joins the two.',
      severity: 'error',
      from: { path: '^collectors/network/' },
      to: { path: '^(collectors/(protocols/|collector\\.ts)|src/sql/)' },
    },
    {
      name: 'capture-knows-packets-only',
      comment:
        'Where packets come from (file, pipe, interface) is one question, what is in them another.',
      severity: 'error',
      from: { path: '^collectors/capture/' },
      to: { path: '^(collectors/(network|protocols)/|collectors/collector\\.ts|src/sql/)' },
    },
    {
      name: 'dashboards-know-the-contract',
      comment:
        'The page talks to the server over HTTP. The shapes of requests and answers are all that it may know of it.',
      severity: 'error',
      from: { path: '^dashboards/' },
      to: { path: '^(src|collectors|analysis)/', pathNot: '^src/server/contract\\.ts$' },
    },
    {
      name: 'dashboards-take-types-only',
      comment:
        'A value imported from the contract would carry server code and its packages into the browser.',
      severity: 'error',
      from: { path: '^dashboards/' },
      to: { path: '^src/server/contract\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nothing-imports-tests',
      comment: 'Tests know the product, the product does not know its tests.',
      severity: 'error',
      from: { path: '^(src|collectors|analysis|dashboards)/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-cycles',
      comment:
        'Two files that import each other are one file that nobody can read from the top. What both need moves into a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'pure-rooms-do-no-input-or-output',
      comment:
        'core, events, sql, analysis and all of the collectors but capture turn values into values: no files, sockets, programs, timers or clocks. That is what makes them testable by replaying history. (describe.ts asks the module loader for a fresh parser after a fault.)',
      severity: 'error',
      from: {
        path: '^(src/(core|events|sql)|analysis|collectors)/',
        pathNot: '^(collectors/(capture|protocols/tls)/|src/sql/describe\\.ts$)',
      },
      to: { dependencyTypes: ['core'], pathNot: COMPUTING_ONLY },
    },
    {
      name: 'tls-computes-only',
      comment:
        'TLS is opened with the ciphers of Node, which compute like the rest of a pure room. The key log is read by the command line: what touches secrets touches no file.',
      severity: 'error',
      from: { path: '^collectors/protocols/tls/' },
      to: { dependencyTypes: ['core'], pathNot: COMPUTING_AND_CIPHERS },
    },
    {
      name: 'capture-never-sends',
      comment:
        'MirrorSQL is passive. The room that touches packets cannot open a connection or start a program; only what captures through tcpdump or cap starts these, and the build its compiler.',
      severity: 'error',
      from: {
        path: '^collectors/capture/',
        pathNot: '^collectors/capture/((tcpdump|program-pipe)\\.ts|afpacket/build\\.mjs)$',
      },
      to: { dependencyTypes: ['core'], path: REACHES_OUT },
    },
    {
      name: 'store-packages-stay-in-the-store',
      comment: 'Only the store speaks to ClickHouse. Everybody else asks it a question by name.',
      severity: 'error',
      from: { path: '^(src|collectors|analysis)/', pathNot: '^src/(store|cli/doctor)' },
      to: { path: '(^|/)node_modules/(@clickhouse|chdb)/' },
    },
    {
      name: 'server-packages-stay-in-the-server',
      comment:
        'Only the server speaks HTTP to people, describes its answers by schema and counts for Prometheus. (The configuration file has a schema too.)',
      severity: 'error',
      from: {
        path: '^(src|collectors|analysis)/',
        pathNot: '^src/(server/|cli/configuration/)',
      },
      to: { path: '(^|/)node_modules/(fastify|@fastify|typebox|prom-client)/' },
    },
    {
      name: 'terminal-packages-stay-in-the-command-line',
      comment: 'Only the command line writes to a terminal.',
      severity: 'error',
      from: { path: '^(src|collectors|analysis)/', pathNot: '^src/cli/' },
      to: {
        path: '(^|/)node_modules/(commander|picocolors|cli-table3|cli-progress|simple-ascii-chart)/',
      },
    },
    {
      name: 'collectors-use-no-packages',
      comment:
        'The code that meets hostile bytes is our own and small enough to be read; a package would be neither.',
      severity: 'error',
      from: { path: '^collectors/' },
      to: { path: '(^|/)node_modules/' },
    },
    {
      name: 'no-development-packages-in-the-product',
      comment:
        'A package that is installed for development only is missing where the product runs. The pages are bundled beforehand, so theirs may be.',
      severity: 'error',
      from: { path: '^(src|collectors|analysis)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'packages-are-declared',
      comment:
        'A package that only another package brought along can vanish with its next version.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'imports-resolve',
      comment: 'An import that leads nowhere fails when it is reached, which may be late.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(test/layers/canary|dist)/|^dashboards/web/dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
