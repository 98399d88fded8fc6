/** `shapserve openapi`: the document that `GET /openapi.json` answers. */

import { readModelDirectory } from '../artifact/store.ts'
import { buildRoutes } from '../http/app.ts'
import { buildOpenApi } from '../http/docs.ts'
import { createService } from '../http/service.ts'
import { createOutput } from './report.ts'

/** Writes the OpenAPI document of a model's routes to standard output. */
export async function runOpenApi(directory: string): Promise<void> {
  const model = await readModelDirectory(directory)
  const service = createService({
    limits: { maxRows: 0, maxAnswerBytes: 0, maxSeconds: 0 },
    maxBodyBytes: 0,
    bodyBudget: 0,
    defaultAccept: 'application/json',
    deadlineMs: 0,
    maxConcurrent: 1,
    modelName: 'model',
  })
  const routes = buildRoutes(model, service)
  createOutput({ quiet: false }).result(`${JSON.stringify(await buildOpenApi(routes), null, 2)}\n`)
}
