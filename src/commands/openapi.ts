/** `shapserve openapi`: the document that `GET /openapi.json` answers. */
import type { Command } from 'commander'
import { modelDirOption } from './shared-flags.ts'

export function declareOpenApi(program: Command): void {
  program
    .command('openapi')
    .description("print the OpenAPI document with the model's own columns")
    .addOption(modelDirOption())
    .action((flags: { modelDir: string }) => printOpenApi(flags.modelDir))
}

/** Writes the OpenAPI document of a model's routes to standard output. */
async function printOpenApi(directory: string): Promise<void> {
  const { readModelDirectory } = await import('../model-directory/read.ts')
  const { buildRoutes } = await import('../http/routes.ts')
  const { buildOpenApi } = await import('../http/openapi/document.ts')
  const { createService } = await import('../http/service.ts')
  const { createOutput, printableJson } = await import('./terminal.ts')
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
  const text = printableJson(JSON.stringify(await buildOpenApi(routes), null, 2))
  createOutput({ quiet: false }).result(`${text}\n`)
}
