/** Packages that stay outside the bundle: loaded only when something needs them, if ever, or reading files of their own. */
export const externalPackages = [
  '@aws-sdk/*',
  '@fastify/ajv-compiler',
  '@fastify/fast-json-stringify-compiler',
  '@resvg/resvg-js',
  '@fastify/swagger',
  '@fastify/swagger-ui',
  'cli-progress',
  'hyparquet',
  'hyparquet-compressors',
  'ml-cart',
  'ml-logistic-regression',
  'ml-matrix',
  'ml-random-forest',
  'piscina',
  'read-excel-file/universal',
]
