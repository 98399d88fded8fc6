/**
 * Everything that is asked of a served model, of every kind of imported model: each answer is one, or a refusal that says
 * why. Nothing is a 500.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { withModelId } from '../../src/artifact/encode.ts'
import type { Cell } from '../../src/data/frame.ts'
import { runSteps } from '../../src/data/steps.ts'
import { draftImport } from '../../src/import/build-artifact.ts'
import { readModelFile } from '../../src/import/index.ts'
import { writeImportedCard } from '../../src/import/model-card.ts'
import { CARD_FILE, REPORT_FILE } from '../../src/model-directory/papers.ts'
import { readModelDirectory, sha256 } from '../../src/model-directory/read.ts'
import { openModelWriter } from '../../src/model-directory/write.ts'
import { kindOf } from '../../src/models/index.ts'
import { plots } from '../../src/plots/index.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { makeSelfTest } from '../../src/predictor/self-test.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import { writeReport } from '../../src/report/report.ts'
import { fitBackground } from '../../src/training/background.ts'
import { buildMultiModelApp, buildTestApp, post } from '../helper.ts'

const JSON_TYPE = 'application/json'

interface Golden {
  readonly model: { file: string; encoding: 'utf-8' | 'base64'; data: string }
  readonly columns: readonly { name: string; categories?: (string | number)[] }[]
  readonly classes: readonly string[]
  readonly options: {
    rounds?: 'best' | 'all' | number
    missing?: number
    allow_missing?: boolean
  }
  readonly rows: readonly (readonly Cell[])[]
}

/** Plots of how good a model was on rows that were held out, which nobody has of an imported one. */
const qualityPlots = ['roc', 'precision_recall', 'calibration', 'confusion', 'threshold']

const goldens = ['golden-import', 'import'].flatMap((folder) =>
  readdirSync(join(import.meta.dirname, '../fixtures', folder)).map((name) => {
    const text = readFileSync(join(import.meta.dirname, '../fixtures', folder, name), 'utf8')
    return [name, JSON.parse(text) as Golden] as const
  }),
)

/** Imports a model as the command does, and returns its directory and what it was read from. */
async function importGolden(t: Test, { model, columns, classes, options, rows }: Golden) {
  const encoding = model.encoding === 'base64' ? 'base64' : 'utf8'
  const read = readModelFile(Buffer.from(model.data, encoding), model.file, 'auto', {
    rounds: options.rounds,
    allowMissing: options.allow_missing,
  })
  const names = columns.map(({ name }) => name)
  const categories = new Map(
    columns.flatMap(({ name, categories }, i) => {
      const own = read.columns[i]
      return own?.codes !== undefined && !own.categories && categories ? [[name, categories]] : []
    }),
  )
  const words = { target: 'label', columns: names, classes, categories, missing: options.missing }
  const draft = draftImport(read, words, '0'.repeat(64))
  const { inputs } = draft.preprocessor
  const cells = rows.map((row) => inputs.map(({ name }) => row[names.indexOf(name)]!))
  const background = runSteps(fitBackground(draft.preprocessor, frameOfCells(inputs, cells)))
  const explained = kindOf(draft.model).withBackground(draft.model, background)
  const parts = { ...draft, model: explained, background }
  const selfTest = makeSelfTest(buildPredictor(parts))
  const artifact = withModelId({ ...parts, selfTest }, sha256)
  const root = t.testdir({})
  const directory = join(root, 'm')
  const writer = await openModelWriter(directory)
  await writer.commit(artifact, {
    [CARD_FILE]: writeImportedCard(artifact, read.notes),
    [REPORT_FILE]: await writeReport(artifact, buildPredictor(artifact), 1),
  })
  await writer.release()
  return { directory, root, read, cells: cells.slice(0, 3) }
}

for (const [name, golden] of goldens)
  t.test(name, async (t) => {
    const { directory, root, read, cells } = await importGolden(t, golden)
    const model = await readModelDirectory(directory)
    const { preprocessor } = model.artifact
    const app = await buildTestApp(t, { model })
    const instances = cells.map((row) =>
      Object.fromEntries(preprocessor.inputs.map((input, j) => [input.name, row[j]])),
    )
    const body = JSON.stringify({ instances })
    const wanted = model.predictor.predict(frameOfCells(preprocessor.inputs, cells))

    const other = encodeURIComponent(golden.classes[0]!)

    const hasInteractions = model.predictor.offers.some(
      (offer) => offer.hasInteractions && !offer.refusal,
    )

    /** Whether it is answered; otherwise it must be refused for a reason. */
    const isAnswered = (answer: LightMyRequestResponse, what: string): boolean => {
      if (answer.statusCode === 200) return true
      t.ok([400, 404].includes(answer.statusCode), `${what}: ${answer.body.slice(0, 200)}`)
      const { detail } = answer.json() as { detail: string }
      t.ok(detail.length > 20, `${what} is refused for a reason: ${detail}`)
      return false
    }
    const get = (url: string) => app.inject({ url })
    const ask = (url: string, headers = {}) => post(app, url, JSON_TYPE, body, headers)
    const must = async (what: string, answer: Promise<LightMyRequestResponse>) => {
      const own = await answer
      t.equal(own.statusCode, 200, `${what}: ${own.body.slice(0, 300)}`)
      return own
    }

    // What the model is.
    for (const url of ['/ping', '/openapi.json', '/v1/models/model', '/v2/models/model'])
      await must(url, get(url))
    const card = (await must('/model', get('/model'))).json()
    t.equal(card.engine, [read.library, read.libraryVersion].filter(Boolean).join(' '))
    t.equal(card.versions[read.library], read.libraryVersion ?? 'unknown')
    const written = readFileSync(join(directory, 'MODEL_CARD.md'), 'utf8')
    t.ok(written.includes(read.library), 'the card names the library')

    // Predictions, in every protocol.
    const scores = (list: readonly { probabilities: Record<string, number> }[]) =>
      list.flatMap(({ probabilities }) => golden.classes.map((label) => probabilities[label]))
    const given = [...wanted.probabilities]
    const invoked = (await must('/invocations', ask('/invocations'))).json()
    t.strictSame(scores(invoked.predictions), given)
    await must('v1', ask('/v1/models/model:predict'))
    const tensors = preprocessor.inputs.map((input, j) => {
      const data = cells.map((row) => row[j] ?? null)
      const datatype = input.type === 'number' ? 'FP64' : 'BYTES'
      return { name: input.name, shape: [cells.length, 1], datatype, data }
    })
    const inferred = await must(
      'v2',
      post(app, '/v2/models/model/infer', JSON_TYPE, JSON.stringify({ inputs: tensors })),
    )
    const outputs = inferred.json().outputs as { name: string; data: number[] }[]
    t.strictSame(outputs.find((own) => own.name === 'predict_proba')?.data, given)

    // Explanations by every way that is offered, and the one of them that is refused.
    t.ok(
      model.predictor.offers.some(({ refusal }) => refusal === undefined),
      'something explains',
    )
    for (const { space, method, refusal } of model.predictor.offers)
      for (const level of ['columns', 'features'])
        for (const asked of [
          '',
          '&interactions=true',
          `&counterfactual=${other}`,
          '&format=contributions',
        ]) {
          const query = `/explain?output=all&space=${space}&method=${method}&level=${level}${asked}`
          const answer = await ask(query)
          const isGiven = isAnswered(answer, query)
          t.ok(!isGiven || refusal === undefined, `${query} is not refused`)
          t.ok(isGiven || refusal !== undefined || asked !== '', `${query} is answered`)
          if (!isGiven || asked !== '') continue
          for (const { additivity_error } of answer.json().explanations)
            t.ok(additivity_error <= 1e-9, `${query} adds up`)
        }
    for (const query of ['/explain?output=predicted', '/explain?top=1', '/explain?format=clarify'])
      isAnswered(await ask(query), query)
    const found = await ask(`/explain?counterfactual=${other}`)
    t.equal(found.statusCode, 200, `a counterfactual: ${found.body.slice(0, 200)}`)
    isAnswered(await ask('/v1/models/model:explain'), 'v1 explain')

    // Pictures of one row, of rows and of the model: each plot is of one of them, those of quality of none.
    const svg = { accept: 'image/svg+xml' }
    for (const plot of Object.keys(plots)) {
      const query = `plot=${plot}&output=${other}`
      const one = JSON.stringify({ instances: instances.slice(0, 1) })
      const answers = [
        await post(app, `/explain?${query}`, JSON_TYPE, one, svg),
        await post(app, `/explain?${query}`, JSON_TYPE, body, svg),
        await app.inject({ url: `/explain/global?${query}`, headers: svg }),
        await app.inject({ url: `/explain/global?plot=${plot}`, headers: svg }),
      ]
      const drawn = answers.filter((answer) => isAnswered(answer, plot))
      for (const answer of drawn) t.match(answer.body, /^<svg /, plot)
      const isLinear = model.artifact.model.kind === 'linear'
      const refusal = qualityPlots.includes(plot)
        ? /measured on no rows/
        : plot === 'tree' && isLinear
          ? /is linear/
          : plot === 'interactions' && !hasInteractions
            ? /interactions/
            : undefined
      if (refusal === undefined) t.ok(drawn.length > 0, `${plot} is drawn`)
      else t.match(answers.map(({ body }) => body).join(), refusal, `${plot} says why not`)
    }
    const summary = await get('/explain/global')
    if (summary.statusCode !== 200)
      t.match(summary.json().detail, /./, `no summary: ${summary.body}`)

    // One of many models.
    const many = buildMultiModelApp(t, { root })
    const loaded = { model_name: 'm', url: directory }
    t.equal((await post(many, '/models', JSON_TYPE, JSON.stringify(loaded))).statusCode, 200)
    const answer = await post(many, '/models/m/invoke', JSON_TYPE, body)
    t.strictSame(answer.json(), invoked)
  })
