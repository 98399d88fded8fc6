/** Texts that are made up to be read as others. */
import t from 'tap'
import type { InputColumn, PreprocessorSpec } from '../../src/preprocess/preprocessor.ts'
import { buildSpeller } from '../../src/preprocess/spell-text.ts'

const input: InputColumn = { name: 'Name', type: 'text', nullable: true, example: 'Doe, Mr. Jo' }

function specOf(derived: PreprocessorSpec['derived'], used: readonly string[]): PreprocessorSpec {
  return {
    inputs: [input],
    otherColumns: [],
    derived,
    steps: used.map((column) => ({ column, chain: [] })),
  }
}

const title = { column: 'Title', from: 'Name', pattern: ', ([A-Za-z]+)', group: 1, map: {} }
const initial = { column: 'Initial', from: 'Name', pattern: '^[A-Z]', group: 0, map: {} }

t.test('what is wanted stands in the example', (t) => {
  const speller = buildSpeller(specOf([title], ['Title']), input)
  t.strictSame(speller?.read('Roe, Mrs. Ann'), ['Mrs'])
  t.equal(speller?.spell(['Mrs']), 'Doe, Mrs. Jo', 'nothing of another text')
  t.equal(speller?.spell(['Mr']), 'Doe, Mr. Jo')
  t.equal(speller?.spell([null]), '-', 'nothing is found in it')
  t.equal(speller?.spell(['no title']), undefined, 'no text is read so')
  t.equal(speller?.spell(['$&']), undefined)
  t.end()
})

t.test('several patterns, all of which read what they should', (t) => {
  const speller = buildSpeller(specOf([title, initial], ['Title', 'Initial']), input)
  t.strictSame(speller?.derived, ['Title', 'Initial'])
  const text = speller?.spell(['Miss', 'R']) ?? ''
  t.strictSame(speller?.read(text), ['Miss', 'R'])
  t.equal(speller?.spell(['Miss', null]), undefined)
  t.end()
})

t.test('spellings of one thing', (t) => {
  const speller = buildSpeller(specOf([{ ...title, map: { Ms: 'Miss' } }], ['Title']), input)
  t.strictSame(speller?.read('Roe, Ms. Ann'), ['Miss'])
  t.equal(speller?.spell(['Miss']), 'Doe, Miss. Jo')
  t.equal(speller?.spell(['Ms']), undefined, 'which nothing is read as')
  t.end()
})

t.test('only columns that are read through patterns', (t) => {
  t.equal(buildSpeller(specOf([title], ['Name', 'Title']), input), undefined)
  t.equal(buildSpeller(specOf([title], []), input), undefined)
  t.equal(buildSpeller(specOf([], []), input), undefined)
  const year = { kind: 'date', column: 'Year', from: 'Name', part: 'year' } as const
  t.equal(buildSpeller(specOf([year], ['Year']), input), undefined)
  t.end()
})
