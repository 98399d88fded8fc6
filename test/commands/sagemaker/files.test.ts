/** The files of a training job: which are read, and how. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { nameHyperparameters } from '../../../src/commands/sagemaker/name-hyperparameters.ts'
import { csv, type Files, header, hyperparameters, inputDataConfig, layOut, tree } from '../job.ts'

t.setTimeout(120_000)

t.test('files: nested, hidden, packed, of other kinds', async (t) => {
  const jsonl = csv(60)
    .split('\n')
    .map((row) => row.split(',').map(Number))
    .map(([label, a, b]) => JSON.stringify({ label, a, b }))
    .join('\n')
  const packed = gzipSync(csv(100))
  const parquet = await readFile(join(import.meta.dirname, '../../fixtures/training.parquet'))
  const names = 'small double long text codes flag price day time nothing'.split(' ')
  const lateRow = JSON.stringify({ label: 0, ...Object.fromEntries(names.map((n) => [n, null])) })
  const job = (mode: string, type?: string) => ({
    train: { TrainingInputMode: mode, ...(type ? { ContentType: type } : {}) },
  })
  const cases: [string, Files, number, RegExp][] = [
    [
      'nested',
      { 'input/data/train/2024/01/a.csv': csv(40), 'input/data/train/b.csv': csv(60) },
      0,
      /40 rows[\s\S]*60 rows/,
    ],
    [
      'hidden',
      {
        'input/data/train/a.csv': csv(100),
        'input/data/train/.a.csv.crc': 'x',
        'input/data/train/_SUCCESS': '',
        'input/data/train/.ipynb_checkpoints/a.csv': 'x',
        'input/data/train/_temporary/0/a.csv': 'x',
        'input/data/train-manifest': '[]',
      },
      0,
      /80 train · 20 test/,
    ],
    ['gzip', { 'input/data/train/a.csv.gz': packed }, 0, /a\.csv\.gz {3}100 rows/],
    [
      'broken gzip',
      { 'input/data/train/a.csv.gz': packed.subarray(0, 99) },
      1,
      /train\/a\.csv\.gz: the file ends too early/,
    ],
    [
      'FastFile',
      { 'input/data/train/a.csv': csv(100), [inputDataConfig]: job('FastFile') },
      0,
      /saved/,
    ],
    [
      'Pipe',
      { 'input/data/train/a.csv': csv(100), [inputDataConfig]: job('Pipe') },
      1,
      /the channel "train" is in Pipe mode, which is not supported; use File or FastFile/,
    ],
    [
      'JSON Lines by content type',
      { 'input/data/train/part-0': jsonl, [inputDataConfig]: job('File', 'application/jsonlines') },
      0,
      /60 rows, 3 columns/,
    ],
    [
      'Parquet by content type, beside JSON Lines by name',
      {
        'input/data/train/part-0': parquet,
        'input/data/train/b.jsonl': lateRow,
        [inputDataConfig]: job('File', 'application/x-parquet'),
        [hyperparameters]: { algorithm: 'decision_tree', test_size: '0' },
      },
      0,
      /b\.jsonl {3}1 row, 11 columns[\s\S]*part-0 {3}5 rows, 11 columns/,
    ],
    ['JSON Lines by name', { 'input/data/train/a.jsonl': jsonl }, 0, /60 rows, 3 columns/],
    [
      'CSV by content type',
      {
        'input/data/train/a.data': csv(100),
        [inputDataConfig]: job('File', 'text/csv; label_size=1'),
      },
      0,
      /100 rows, 4 columns/,
    ],
    [
      'another kind of file',
      { 'input/data/train/a.xlsx': 'x' },
      1,
      /a\.xlsx: the file is named \.xlsx and is none/,
    ],
    [
      'another content type',
      { 'input/data/train/a': 'x', [inputDataConfig]: job('File', 'text/libsvm') },
      1,
      /the channel "train" has the content type "text\/libsvm"/,
    ],
    ['nothing', { 'input/data/train/_SUCCESS': '' }, 1, /the channel "train" has no files/],
    [
      'no channel',
      { 'input/data/validation/a.csv': csv(9) },
      1,
      /no channel "train" or "training" in .*; there are "validation"/,
    ],
    [
      'an unknown channel',
      { 'input/data/train/a.csv': csv(100), 'input/data/code/a.csv': 'x' },
      0,
      /note {6}the channel "code" is not used/,
    ],
    [
      'checkpoints',
      { 'input/data/train/a.csv': csv(100), 'input/config/checkpointconfig.json': {} },
      0,
      /note {6}checkpoints are not used/,
    ],
  ]
  for (const [name, files, status, message] of cases) {
    await t.test(name, async (t) => {
      const job = await layOut(t, { ...tree, ...files })
      const done = await job.train()
      t.equal(done.status, status, done.stderr)
      t.match(done.stderr, message)
      if (status === 1) t.match(await job.failure(), message)
    })
  }
})

t.test('with a header or the label first', async (t) => {
  const withHeader = header + csv(100)
  const cases: [string, object, string, number, RegExp][] = [
    ['target', { target: 'outcome' }, withHeader, 0, /target {4}outcome/],
    ['target in quotes', { target: '"outcome"' }, withHeader, 0, /target {4}outcome/],
    ['target None', { target: 'None' }, csv(100), 0, /target {4}label/],
    [
      'plan',
      { plan: { target: 'outcome', numeric: ['a', 'b'] } },
      withHeader,
      0,
      /target {4}outcome/,
    ],
    [
      'how values are written',
      { target: 'outcome', treat_as_missing: '["<1","n/k"]', number_format: 'b=1,234.5' },
      `${withHeader}\n1,<1,2,3\n`,
      0,
      /"<1" means missing/,
    ],
    [
      'how values are written, in a plan',
      {
        plan: {
          target: 'outcome',
          numeric: ['a', 'b'],
          written: [{ column: 'b', number: { decimal: ',', group: '.' } }],
        },
      },
      `${header}${csv(100).replace(/^([^,]*,[^,]*),[^,]*/gm, '$1,1.234')}`,
      0,
      /target {4}outcome/,
    ],
    [
      'how values are written, beside a plan',
      { plan: { target: 'outcome', numeric: ['a', 'b'] }, missing_values: '-' },
      withHeader,
      1,
      /a plan already says how columns are written, and hyperparameters say it again/,
    ],
    [
      'a text among numbers',
      { target: 'outcome' },
      `${withHeader}\n1,<1,2,3\n`,
      1,
      /but "<1" in row 101; the hyperparameter treat_as_missing='<1' if it means no value, the hyperparameter nominal=a to take all texts as categories, the hyperparameter drop=a to leave/,
    ],
    [
      'a text among numbers, as categories',
      { target: 'outcome', nominal: 'a', drop: '["b"]' },
      `${withHeader}\n1,<1,2,3\n`,
      0,
      /a {2}nominal {3}.* \(the hyperparameter ordinal=a to change\)\n {10}b {2}drop {6}as asked/,
    ],
    [
      'what columns are, beside a plan',
      { plan: { target: 'outcome', numeric: ['a', 'b'] }, nominal: 'c' },
      withHeader,
      1,
      /a plan already says what every column is, and hyperparameters say it again/,
    ],
    [
      'a column that is two things',
      { target: 'outcome', nominal: 'c', drop: 'c' },
      withHeader,
      1,
      /"c" is given as the hyperparameter nominal and as the hyperparameter drop; leave/,
    ],
    [
      'how files are written',
      { target: 'outcome', delimiter: 'semicolon', skip_rows: '1', encoding: 'windows-1252' },
      `a title\n${withHeader.replaceAll(',', ';')}`,
      0,
      /target {4}outcome/,
    ],
    [
      'how files are not written',
      { target: 'outcome', delimiter: 'x', skip_rows: 'many' },
      withHeader,
      1,
      /hyperparameters: the hyperparameter delimiter is "x", expected/,
    ],
    ['header=present', { header: 'present' }, withHeader, 0, /target {4}outcome/],
    ['header=absent', { header: 'absent' }, csv(100), 0, /target {4}label/],
    [
      'a header by surprise',
      {},
      withHeader,
      1,
      /part-0\.csv: row 1 \("outcome", "a", "b", "c"\) has no number.*set the hyperparameter target.*or header/,
    ],
    ['text labels', {}, csv(100, { labels: ['no', 'yes'] }), 0, /2 classes: no/],
    [
      'header=absent with a target',
      { header: 'absent', target: 'outcome' },
      csv(100),
      1,
      /no target column "outcome" among "label", "f1", "f2", "f3"/,
    ],
    [
      'header=maybe',
      { header: 'maybe' },
      csv(100),
      1,
      /header is "maybe", expected present, absent/,
    ],
  ]
  for (const [name, given, text, status, message] of cases) {
    await t.test(name, async (t) => {
      const job = await layOut(t, {
        [hyperparameters]: { algorithm: 'decision_tree', ...given },
        'input/data/train/part-0.csv': text,
      })
      const done = await job.train()
      t.equal(done.status, status, done.stderr)
      t.match(done.stderr, message)
    })
  }
})

t.test('messages name hyperparameters in the place of flags', (t) => {
  const cases: [string, string][] = [
    ['add --no-header', 'add the hyperparameter header=absent'],
    [
      '; --drop-missing-label leaves them out',
      '; the hyperparameter drop_missing_label=true leaves them out',
    ],
    ["--treat-as-missing='-999' if", "the hyperparameter treat_as_missing='-999' if"],
    ["--nominal 'Body Mass (g)' uses", "the hyperparameter nominal='Body Mass (g)' uses"],
    ["--drop 'it'\\''s' to", "the hyperparameter drop='it'\\''s' to"],
    ['leave out --bins', 'leave out the hyperparameter bins'],
    ['(--drop x)', '(the hyperparameter drop=x)'],
    ['--skip-rows 2', 'the hyperparameter skip_rows=2'],
    ['--positive-class, a--nominal, ---', '--positive-class, a--nominal, ---'],
    ['--rounds is for XGBoost', '--rounds is for XGBoost'],
  ]
  for (const [given, expected] of cases) t.equal(nameHyperparameters(given), expected)
  t.end()
})
