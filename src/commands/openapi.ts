/** `shapserve openapi`: the document that `GET /openapi.json` answers. */

import { buildOpenApi } from '../http/openapi/document.ts'
import { buildRoutes } from '../http/routes.ts'
import { createService } from '../http/service.ts'
import { readModelDirectory } from '../model-directory/read.ts'
import { createOutput } from './terminal.ts'

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
