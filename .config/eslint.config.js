/**
 * What the linter refuses. The formatter owns the looks, the compiler the types, dependency-cruiser the layers; here
 * stand the habits that none of them sees. Every rule is an error and the gate allows no warnings.
 */
import tseslint from 'typescript-eslint';

/** Everything that makes a result depend on when or where it is computed. */
const CLOCKS_AND_CHANCE = {
  globals: [
    'setTimeout',
    'setInterval',
    'setImmediate',
    'performance',
    'process',
    'crypto',
    'fetch',
    'console',
  ].map((name) => ({
    name,
    message: 'Pure code: time comes from packets, everything else is handed in by the caller.',
  })),
  properties: [
    { object: 'Date', property: 'now', message: 'Pure code: time comes from packets.' },
    { object: 'performance', property: 'now', message: 'Pure code: time comes from packets.' },
    { object: 'Math', property: 'random', message: 'Pure code: the same input, the same result.' },
  ],
};

/** Folders whose code is a function of its input. test/tidy.test.ts keeps the same list. */
const PURE = [
  'src/core/**',
  'src/events/**',
  'src/sql/**',
  'analysis/**',
  'collectors/*.ts',
  'collectors/network/**',
  'collectors/protocols/**',
];

const BANNED_SYNTAX = [
  {
    selector: 'ExportDefaultDeclaration',
    message: 'A thing has one name, given where it is defined: export it by name.',
  },
  {
    selector: 'TSEnumDeclaration',
    message: 'An enum leaves code behind that types should not: use a const object and its type.',
  },
  {
    selector: 'ExportAllDeclaration',
    message: 'No barrel files: import a thing from the file that defines it.',
  },
];

const BANNED_IN_PURE = [
  ...BANNED_SYNTAX,
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Pure code: time comes from packets, not from the wall clock.',
  },
];

/** Habits that plain scripts and typed code share. */
const HABITS = {
  eqeqeq: ['error', 'always'],
  'no-var': 'error',
  'prefer-const': 'error',
  'object-shorthand': 'error',
  'no-self-compare': 'error',
  'no-unreachable-loop': 'error',
  'no-constructor-return': 'error',
  'no-template-curly-in-string': 'error',
  'no-eval': 'error',
  'no-new-func': 'error',
  'no-restricted-syntax': ['error', ...BANNED_SYNTAX],
};

export default tseslint.config(
  {
    ignores: ['dist/**', 'node_modules/**', 'mirrorsql-data/**', 'test/layers/canary/**'],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      ...HABITS,
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      // To leave a field out of an object is to name it and take the rest; `_name` is an argument that a contract passes.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { ignoreRestSiblings: true, argsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      '@typescript-eslint/prefer-readonly': 'error',
      // Numbers in texts are what most of our texts are made of.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // `while (true)` says "until a return" better than any made-up condition.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // An async function without await still promises that it never throws at once: interfaces and routes need that.
      '@typescript-eslint/require-await': 'off',
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      'max-depth': ['error', 4],
    },
  },
  {
    files: PURE,
    rules: {
      'no-restricted-globals': ['error', ...CLOCKS_AND_CHANCE.globals],
      'no-restricted-properties': ['error', ...CLOCKS_AND_CHANCE.properties],
      'no-restricted-syntax': ['error', ...BANNED_IN_PURE],
    },
  },
  {
    // A describe block is a chapter, not a function; a table of cases may be long.
    files: ['test/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      'max-lines': 'off',
      // To compare the fields of an object as they were is what a spread of a class instance is for here.
      '@typescript-eslint/no-misused-spread': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { sourceType: 'module' },
    rules: HABITS,
  },
  {
    files: ['**/*.cjs'],
    languageOptions: { sourceType: 'commonjs' },
  },
  {
    // The settings of tools must export a default: that is how the tools find them.
    files: ['.config/**', '**/*.config.{js,ts}'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
