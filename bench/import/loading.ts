/** From the text of a large model to the first answer, and from a model directory. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ArtifactParts } from '../../src/artifact/artifact.ts'
import { withModelId } from '../../src/artifact/encode.ts'
import { draftImport } from '../../src/import/build-artifact.ts'
import { readModelFile } from '../../src/import/index.ts'
import { readModelDirectory, sha256 } from '../../src/model-directory/read.ts'
import { openModelWriter } from '../../src/model-directory/write.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { makeSelfTest } from '../../src/predictor/self-test.ts'
import { readTrees } from './measure.ts'
import type { ReferenceModel } from './reference.ts'

const TIMES = 5

export async function compareLoading(model: ReferenceModel): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'shapserve-bench-'))
  try {
    const parts = importText(model)
    const artifact = withModelId(parts, sha256)
    const writer = await openModelWriter(directory)
    await writer.commit(artifact, {})
    await writer.release()
    console.log(
      `\n500 trees, ${readTrees(model).leaves} leaves, ${(model.bytes.length / 2 ** 20).toFixed(1)} MiB of text; the first run has a cold compiler\n`,
    )
    console.log('| what | first, ms of CPU | least of the others | goal |\n|---|---|---|---|')
    await show('text to a model that has passed its self-test', () => importText(model))
    await show('model directory, self-test passed', () => readModelDirectory(directory))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function importText({
  bytes,
  file,
}: ReferenceModel): ArtifactParts & { selfTest: never[] | ReturnType<typeof makeSelfTest> } {
  const draft = draftImport(
    readModelFile(bytes, file, 'auto', {}),
    { target: 'target' },
    sha256(bytes),
  )
  return { ...draft, selfTest: makeSelfTest(buildPredictor(draft)) }
}

async function show(what: string, call: () => unknown): Promise<void> {
  const times: number[] = []
  for (let i = 0; i < TIMES; i++) {
    const start = process.cpuUsage()
    await call()
    const { user, system } = process.cpuUsage(start)
    times.push((user + system) / 1000)
  }
  const [first, ...others] = times
  console.log(`| ${what} | ${first!.toFixed(0)} | ${Math.min(...others).toFixed(0)} | 300 |`)
}
