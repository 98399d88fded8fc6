/** Files of every format, damaged: each is refused in one line, or read as a model that answers with numbers. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { unzipSync, zipSync } from 'fflate'
import t, { type Test } from 'tap'
import type { Cell } from '../../src/data/frame.ts'
import { ArtifactError, InputError } from '../../src/errors.ts'
import { exportOnnx } from '../../src/export/onnx/onnx.ts'
import { draftImport } from '../../src/import/build-artifact.ts'
import { readModelFile } from '../../src/import/index.ts'
import { buildPredictor } from '../../src/predictor/predictor.ts'
import { frameOfCells } from '../../src/preprocess/preprocessor.ts'
import { runs } from '../effort.ts'
import { loadCheckpoint } from '../helper.ts'

const fixtures = join(import.meta.dirname, '../fixtures')
const libraries = ['golden-import', 'import']
  .flatMap((folder) => readdirSync(join(fixtures, folder)).map((name) => join(folder, name)))
  .map((name) => {
    const { model, rows } = JSON.parse(readFileSync(join(fixtures, name), 'utf8')) as {
      model: { encoding: 'utf-8' | 'base64'; data: string }
      rows: Cell[][]
    }
    const encoding = model.encoding === 'base64' ? 'base64' : 'utf8'
    return { name, bytes: Buffer.from(model.data, encoding), rows: rows.slice(0, 5) }
  })
const { artifact } = await loadCheckpoint()
const exported = exportOnnx(artifact, 'derived').bytes
const files = [
  ...libraries,
  { name: 'exported.onnx', bytes: Buffer.from(exported), rows: [[3, 'male', 22, 1, 0, 'Mr']] },
]

/** Imports a file and asks the model; fails unless it is refused properly or answers with numbers. */
function survive(t: Test, bytes: Uint8Array, rows: readonly (readonly Cell[])[], what: string) {
  try {
    const model = readModelFile(bytes, 'model', 'auto', { rounds: undefined })
    const artifact = draftImport(model, { target: 'the target' }, '0'.repeat(64))
    const predictor = buildPredictor(artifact)
    const { inputs } = artifact.preprocessor
    const cells = rows.map((row) =>
      inputs.map(({ type, example, nullable }, j): Cell => {
        const cell = row[j] ?? null
        if (cell === null) return nullable ? null : example
        return typeof cell === (type === 'text' ? 'string' : 'number') ? cell : example
      }),
    )
    const { probabilities } = predictor.predict(frameOfCells(inputs, cells))
    if (!probabilities.every((p) => p >= 0 && p <= 1)) t.fail(`${what}: ${probabilities}`)
  } catch (error) {
    const isRefusal = error instanceof ArtifactError || error instanceof InputError
    if (!isRefusal) t.fail(`${what}: ${error}\n${(error as Error).stack}`)
    else if (/[\n\r]/.test(error.message) || error.message.length > 2000)
      t.fail(`${what}: no line: ${error.message.slice(0, 300)}`)
  }
}

/** An archive whose members are damaged, not its packing. */
function damageMembers(bytes: Uint8Array, member: number, place: number, byte: number): Uint8Array {
  const members = unzipSync(bytes)
  const names = Object.keys(members)
  // Every other time the one that says what the others are.
  const name = member % 2 === 0 ? 'schema.json' : names[member % names.length]!
  const data = members[name]!
  data[place % data.length] = byte
  return zipSync(members, { level: 0 })
}

for (const { name, bytes, rows } of files.filter((file) => /skops/.test(file.name)))
  t.test(`${name}, inside its archive`, (t) => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat({ max: 255 }), (member, place, byte) => {
        const damaged = damageMembers(bytes, member, place, byte)
        survive(t, damaged, rows, `${name}: ${byte} at ${place} of ${member}`)
      }),
      { numRuns: runs(name.startsWith('golden') ? 25 : 10) },
    )
    t.end()
  })

for (const { name, bytes, rows } of files)
  t.test(name, (t) => {
    const at = fc.nat({ max: bytes.length - 1 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(at, fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        (flips) => {
          const damaged = Uint8Array.from(bytes)
          for (const [place, byte] of flips) damaged[place] = byte
          survive(t, damaged, rows, `${name} with ${JSON.stringify(flips)}`)
        },
      ),
      { numRuns: runs(25) },
    )
    fc.assert(
      fc.property(at, (length) => {
        survive(t, bytes.subarray(0, length), rows, `${name} cut at ${length}`)
      }),
      { numRuns: runs(12) },
    )
    // Digits are where the counts, children and codes of texts stand.
    const digits = [...bytes.keys()].filter((i) => bytes[i]! >= 0x30 && bytes[i]! <= 0x39)
    fc.assert(
      fc.property(
        fc.nat({ max: digits.length - 1 }),
        fc.constantFrom('', '-', '9', '99999999999', 'NaN', 'e308', '.5', '""', 'null', '[]'),
        (i, text) => {
          const place = digits[i]!
          const damaged = Buffer.concat([
            bytes.subarray(0, place),
            Buffer.from(text),
            bytes.subarray(place + 1),
          ])
          survive(t, damaged, rows, `${name} with ${JSON.stringify(text)} at ${place}`)
        },
      ),
      { numRuns: runs(25) },
    )
    t.end()
  })
