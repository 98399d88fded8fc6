/**
 * Preloaded by `npm test`: tap's domains follow every promise by hooks that cost a tenth of all tests. Without them an error
 * that no test waits for ends its process, and with it the file fails.
 */
import { registerHooks } from 'node:module'

const STUB = 'domain-of-none:'

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'async-hook-domain'
      ? { url: STUB, shortCircuit: true }
      : next(specifier, context),
  load: (url, context, next) =>
    url === STUB
      ? { format: 'module', source: 'export class Domain { destroy() {} }', shortCircuit: true }
      : next(url, context),
})
