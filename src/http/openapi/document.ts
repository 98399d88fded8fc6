/** The OpenAPI document and its page; built at the first request, so that a start costs nothing for them. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { VERSION } from '../../version.ts'
import type { Route } from '../route.ts'
import { schemaController } from '../schema-compilers.ts'
import { problemAnswer } from './problems.ts'

/** Nothing from elsewhere; the page's own bundle sets styles from its script and shows images from data. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; object-src 'none'"

/** Two bars of a waterfall. */
const ICON = {
  filename: 'icon.svg',
  rel: 'icon',
  sizes: 'any',
  type: 'image/svg+xml',
  content: Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f2328"/>' +
      '<path d="M7 9h12v4H7z" fill="#f28a45"/><path d="M13 19h12v4H13z" fill="#58b4ea"/></svg>',
  ),
}

export interface DocsOptions {
  /** Whether there is a page besides the document. */
  readonly withPage?: boolean
  /** Whether callers must send a token. */
  readonly asksToken?: boolean
}

/** Returns an application that describes the given routes at /openapi.json and /docs; it runs none of them. */
export async function buildDocs(
  routes: readonly Route[],
  { withPage = true, asksToken = false }: DocsOptions = {},
): Promise<FastifyInstance> {
  const [{ default: fastify }, { default: swagger }] = await Promise.all([
    import('fastify'),
    import('@fastify/swagger'),
  ])
  const app = fastify({ logger: false, schemaController })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      // Without tokens nothing in this process asks who calls; see docs/security.md on what stands in front.
      security: asksToken ? [{ bearer: [] }] : [],
      components: asksToken
        ? { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } }
        : undefined,
      info: {
        title: 'shapserve',
        description: 'Predictions and exact SHAP explanations of a tabular classifier.',
        version: VERSION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      tags: [
        { name: 'model', description: 'Predictions, explanations and the model itself' },
        { name: 'service', description: 'Health' },
      ],
    },
  })
  if (withPage) {
    const { default: swaggerUi } = await import('@fastify/swagger-ui')
    await app.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: CONTENT_SECURITY_POLICY,
      uiConfig: { docExpansion: 'list' },
      theme: { title: 'shapserve API', favicon: [ICON] },
      // The page reads the document one level down, at /docs/json.
      transformSpecification: (document) => ({
        ...document,
        servers: serversAt('..'),
      }),
      transformSpecificationClone: true,
    })
  }
  for (const route of routes) {
    const schema = asksToken ? withToken(route) : route.schema
    const { method, url } = route
    app.route({ method, url, schema: withoutUndefined(schema), handler: () => undefined })
  }
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => {
    return reply
      .type('application/json')
      .send(Buffer.from(JSON.stringify({ ...app.swagger(), servers: serversAt('.') })))
  })
  await app.ready()
  return app
}

/** How a route is described where callers must send a token. */
function withToken({ schema, isOpen }: Route): Route['schema'] {
  if (isOpen) return { ...schema, security: [] }
  const response = schema['response'] as Route['schema']
  return {
    ...schema,
    response: { ...response, 401: problemAnswer('There is no valid token in Authorization') },
  }
}

/** Fastify warns of a member of a schema that is there and undefined. */
function withoutUndefined(schema: Route['schema']): Route['schema'] {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined))
}

/** The service's address relative to the document, so that it holds behind a path prefix too. */
function serversAt(url: string) {
  return [{ url, description: 'this service' }]
}

/** Returns the OpenAPI document of the routes. */
export async function buildOpenApi(routes: readonly Route[]): Promise<unknown> {
  const docs = await buildDocs(routes, { withPage: false })
  const document = { ...docs.swagger(), servers: serversAt('.') }
  await docs.close()
  return document
}

/** Returns a handler that hands a request over to the documentation, which it builds when it is first asked. */
export function createDocsHandler(routes: () => readonly Route[], asksToken: boolean) {
  let docs: Promise<FastifyInstance> | undefined
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const [path, query] = request.url.split('?')
    // Its page asks for what stands below /docs/; relative, because a proxy may show it below a path of its own.
    if (path === '/docs') return reply.redirect(query ? `docs/?${query}` : 'docs/')
    docs ??= buildDocs(routes(), { asksToken })
    const app = await docs
    reply.hijack()
    app.routing(request.raw, reply.raw)
  }
}
