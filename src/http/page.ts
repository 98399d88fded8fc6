/** The model's page at `/` and what it asks of the server besides the routes that everybody has. */
import type { SampleJob } from '../answering/job.ts'
import { classesOf } from '../answering/job-class.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import type { PageFile } from './page-file.ts'
import { asBuffer } from './replies.ts'
import type { Route } from './route.ts'
import type { Service } from './service.ts'

/** Options of explanations that those of the sample take. */
const sampleOptions = ['output', 'space', 'method']
/** The page's own routes are nobody else's to use. */
const hidden = { hide: true }

/** Returns the routes of the page; none where it is switched off. */
export function pageRoutes(model: LoadedModel, service: Service): Route[] {
  if (!service.options.page) return []
  let file: Promise<PageFile> | undefined
  let described: Promise<Buffer> | undefined
  let rows: Promise<Buffer> | undefined
  return [
    {
      method: 'GET',
      url: '/',
      // There is nothing of the model in it: it asks for a token itself.
      isOpen: true,
      schema: hidden,
      async handler(request, reply) {
        file ??= import('./page-file.ts').then(({ readPageFile }) => readPageFile())
        return (await file).send(request, reply)
      },
    },
    {
      method: 'GET',
      url: '/page/model.json',
      schema: hidden,
      async handler(_request, reply) {
        described ??= import('./page-model.ts').then(({ buildPageModel }) =>
          Buffer.from(JSON.stringify(buildPageModel(model))),
        )
        return reply.header('content-type', 'application/json').send(await described)
      },
    },
    {
      method: 'GET',
      url: '/page/rows.json',
      schema: hidden,
      async handler(_request, reply) {
        rows ??= import('./page-rows.ts').then(({ describeRows }) =>
          Buffer.from(JSON.stringify(describeRows(model))),
        )
        return reply.header('content-type', 'application/json').send(await rows)
      },
    },
    {
      method: 'GET',
      url: '/report',
      schema: hidden,
      handler: (request, reply) =>
        import('./page-report.ts').then(({ sendReport }) =>
          sendReport(model, service, request, reply),
        ),
    },
    {
      method: 'GET',
      url: '/page/sample.json',
      schema: hidden,
      handler(request, reply) {
        const query = Object.entries(request.query as Record<string, unknown>)
        const job: SampleJob = {
          operation: 'sample',
          body: asBuffer(new Uint8Array()),
          options: query.filter(([name]) => sampleOptions.includes(name)),
          limits: service.options.limits,
        }
        const expected = {
          operation: 'sample',
          isIsolated: false,
          classes: classesOf(job),
        } as const
        return service.answerJob(model, request, reply, expected, () => job)
      },
    },
  ]
}
