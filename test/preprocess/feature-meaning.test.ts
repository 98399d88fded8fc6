/** Features read backwards: what they say of the columns that they were made from. */
import fc from 'fast-check'
import t from 'tap'
import type { Cell } from '../../src/data/frame.ts'
import { runSteps } from '../../src/data/steps.ts'
import { meaningsOf, restoreCells } from '../../src/preprocess/feature-meaning.ts'
import { fitPreprocessor } from '../../src/preprocess/fit-preprocessor.ts'
import {
  buildPreprocessor,
  frameOfCells,
  type PreprocessorSpec,
} from '../../src/preprocess/preprocessor.ts'
import { applyWritten } from '../../src/preprocess/written/apply-written.ts'
import { planWritten } from '../../src/preprocess/written/plan-written.ts'
import { nothingSaid } from '../../src/preprocess/written/recognise.ts'
import { readCsvTable } from '../../src/tables/formats/read-text.ts'

const spec: PreprocessorSpec = {
  inputs: [
    { name: 'plain', type: 'number', nullable: true, example: 1 },
    { name: 'scaled', type: 'number', nullable: true, example: 1 },
    { name: 'level', type: 'text', nullable: true, example: 'a' },
    { name: 'place', type: 'text', nullable: true, example: 'lo' },
    { name: 'source', type: 'text', nullable: true, example: 'Mr. A' },
    { name: 'unused', type: 'text', nullable: true, example: 'x' },
    { name: 'ranged', type: 'number', nullable: true, example: 1 },
    { name: 'single', type: 'number', nullable: true, example: 1 },
  ],
  otherColumns: [],
  derived: [{ column: 'title', from: 'source', pattern: '^(M[a-z]+)', group: 1, map: {} }],
  steps: [
    {
      column: 'title',
      chain: [
        { kind: 'one_hot_encoder', categories: ['Mr', 'Mrs'], infrequent: [], missingLevel: true },
      ],
    },
    { column: 'place', chain: [{ kind: 'ordinal_encoder', categories: ['lo', 'mid', 'hi'] }] },
    {
      column: 'level',
      chain: [
        {
          kind: 'one_hot_encoder',
          categories: ['a', 'b'],
          infrequent: ['c', 'd'],
          missingLevel: false,
        },
      ],
    },
    {
      column: 'scaled',
      chain: [
        { kind: 'impute_number', value: 7 },
        { kind: 'standard_scaler', mean: 3.7, scale: 0.3 },
      ],
    },
    { column: 'plain', chain: [] },
    {
      column: 'ranged',
      chain: [
        { kind: 'missing_number', value: -1 },
        { kind: 'min_max_scaler', scale: -0.3, offset: 0.7 },
        { kind: 'standard_scaler', mean: 0.4, scale: 1.7 },
      ],
    },
    // Its numbers are those of single precision, and powers of two change none of their digits.
    { column: 'single', chain: [{ kind: 'single_precision', offset: 64, scale: 0.25 }] },
  ],
}

t.test('every feature has a meaning', (t) => {
  const { featureNamesOut } = buildPreprocessor(spec)
  const meanings = meaningsOf(spec)
  t.strictSame(
    meanings.map((meaning) =>
      meaning.kind === 'level'
        ? `${meaning.column}=${meaning.level === undefined ? '(other)' : (meaning.level ?? '(missing)')}`
        : meaning.column,
    ),
    featureNamesOut,
  )
  t.end()
})

t.test('cells come back as far as features tell them apart', (t) => {
  const number = fc.option(fc.integer({ min: -100_000, max: 100_000 }).map((x) => x / 80))
  const rows = fc.array(
    fc.tuple(
      number,
      number,
      fc.option(fc.constantFrom('a', 'b', 'c', 'd')),
      fc.option(fc.constantFrom('lo', 'mid', 'hi')),
      fc.option(fc.constantFrom('Mr. A', 'Mrs. B')),
      fc.constant('x'),
      number,
      fc.option(fc.integer({ min: -1000, max: 1000 }).map((x) => x / 8)),
    ),
    { minLength: 1, maxLength: 8 },
  )
  const expected = ([plain, scaled, level, place, source, , ranged, single]: readonly Cell[]) => [
    plain!,
    scaled ?? 7,
    level === 'c' || level === 'd' ? '(other)' : level!,
    place!,
    source === null ? null : String(source).replace(/\..*/, ''),
    null,
    ranged === -1 ? null : ranged!,
    single!,
  ]
  fc.assert(
    fc.property(rows, (cells) => {
      const X = buildPreprocessor(spec).transform(frameOfCells(spec.inputs, cells))
      t.strictSame(restoreCells(spec, X), cells.map(expected))
    }),
    { numRuns: 60, endOnFailure: true },
  )
  t.end()
})

t.test('a column of dates is told by its days', (t) => {
  const table = readCsvTable(
    `when,y\n${Array.from({ length: 20 }, (_, row) => `2021-0${1 + (row % 9)}-15 06:30,${row % 2}`).join('\n')}\n`,
  )
  const { plan } = runSteps(planWritten(table, 'y', new Map(), nothingSaid))
  const frame = applyWritten(table, plan.written)
  const rows = Int32Array.from({ length: 20 }, (_, row) => row)
  const { spec } = runSteps(fitPreprocessor(frame, rows, plan, { scale: true }))
  const X = buildPreprocessor(spec).transform(frame)
  t.strictSame(restoreCells(spec, X).slice(0, 2), [
    ['2021-01-15 06:30:00'],
    ['2021-02-15 06:30:00'],
  ])
  t.end()
})
