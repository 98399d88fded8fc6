/** The model's report over HTTP: made of the model that is served, never read from beside it, where no signature reaches. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ReportJob } from '../answering/job.ts'
import { classesOf } from '../answering/job-class.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import type { Service } from './service.ts'

/** Its own styles and nothing else: no script, no address, no form, no frame around it, and no origin to act for. */
const POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  'sandbox',
].join('; ')

/** Answers the report of a model as an HTML document. */
export function sendReport(
  model: LoadedModel,
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { limits } = service.options
  const job: ReportJob = { operation: 'report', body: new Uint8Array(), limits }
  const expected = { operation: 'report', isIsolated: false, classes: classesOf(job) } as const
  reply.headers({
    'cache-control': 'no-store',
    'content-security-policy': POLICY,
    'referrer-policy': 'no-referrer',
  })
  return service.answerJob(model, request, reply, expected, () => job)
}
