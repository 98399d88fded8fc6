/** Commands on a terminal of their own: nothing is wider than it, and nothing is painted where nobody wants it. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { widthOf } from '../../src/commands/output/layout.ts'
import { cli, type Finished, run, shapserve } from '../command.ts'
import { checkpoint } from '../helper.ts'

t.setTimeout(120_000)

const data = join(import.meta.dirname, '../../data')
const model = 'model'
const commands: Readonly<Record<string, string>> = {
  train: `train some.csv --target class --estimator decision_tree --model-dir ${model}`,
  inspect: `inspect ${model}`,
  explain: `explain rows.csv --model-dir ${model}`,
  summary: `explain rows.csv --model-dir ${model} --summary`,
  refused: `predict ${'nowhere/'.repeat(12)}rows.csv --model-dir ${model}`,
  usage: 'predict',
}
const ESCAPE = '\x1b'
const rows = `head -4 ${data}/credit-g.csv > rows.csv; head -201 ${data}/credit-g.csv > some.csv`

/** Runs a shell's line on a pseudo-terminal of so many columns. */
function onTerminal(
  line: string,
  columns: number,
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const script = `stty cols ${columns} rows 40; ${line}`
  return run('script', ['-qec', script, '/dev/null'], {
    cwd,
    env: { NO_COLOR: '', TERM: 'xterm', ...env },
  })
}

/** Returns the lines that stay on the screen: the last of what was drawn over another, without what steers. */
function screenOf({ stdout }: Finished): string[] {
  return stdout
    .split(/\r?\n/)
    .map((line) => line.split(new RegExp(`${ESCAPE}\\[1G|\r`)).at(-1)!)
    .map((line) => line.replace(new RegExp(`${ESCAPE}(\\[[0-9;?]*[a-zA-Z]|[78])`, 'g'), ''))
}

function checkWidths(t: Test, lines: readonly string[], columns: number, what: string): void {
  const wide = lines.filter((line) => widthOf(line) > columns)
  t.strictSame(wide, [], `${what} in ${columns} columns`)
}

t.test('nothing is wider than the terminal', async (t) => {
  const cwd = t.testdir()
  await run('sh', ['-c', rows], { cwd })
  for (const columns of [60, 80, 120]) {
    for (const [name, args] of Object.entries(commands)) {
      const done = await onTerminal(`node ${cli} ${args}`, columns, cwd)
      t.equal(done.status, name === 'refused' ? 1 : name === 'usage' ? 2 : 0, done.stdout)
      const lines = screenOf(done)
      checkWidths(t, lines, columns, name)
      if (name === 'explain') t.match(lines.join('\n'), /^output +0\.\d{4} +│$/m)
      if (name === 'train') {
        t.match(lines.join('\n'), /^duration +█+ +0\.\d{4} {2}\S/m)
      }
    }
  }
})

t.test('a bar fits the terminal, and stays as a line when it is full', async (t) => {
  const cwd = t.testdir()
  await run('sh', ['-c', rows], { cwd })
  // Work of a few seconds: what takes less has no bar.
  const args = 'train some.csv --target class --set n_estimators=3000 --cv 3'
  const lines = screenOf(await onTerminal(`node ${cli} ${args}`, 60, cwd))
  checkWidths(t, lines, 60, 'train')
  t.match(lines.join('\n'), /^cv +█+ +3\/3 folds +[\d.]+ s/m)
  // After a long step every other has one from its beginning, however short it may be.
  for (const [name, unit] of [
    ['test', 'rows'],
    ['intervals', 'resamples'],
    ['explain', 'rows'],
    ['permute', 'columns'],
    ['report', 'pictures'],
  ] as const)
    t.match(lines.join('\n'), new RegExp(`^${name} +█+ +(\\d+)/\\1 ${unit}`, 'm'), name)
})

t.test('no escape sequence without colours, or without a terminal', async (t) => {
  const cwd = t.testdir()
  await run('sh', ['-c', rows], { cwd })
  const { train, explain } = commands
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }] as Record<string, string>[]) {
    for (const args of [train, `${explain}; node ${cli} predict rows.csv --model-dir ${model}`]) {
      const done = await onTerminal(`node ${cli} ${args}`, 80, cwd, env)
      t.equal(done.status, 0, done.stdout)
      t.notOk(done.stdout.includes(ESCAPE), JSON.stringify(env))
    }
  }
  // What CI sets makes programs paint their logs.
  for (const args of [train, explain]) {
    const env = { NO_COLOR: '', CI: '1', TERM: 'xterm' }
    const done = await shapserve(args!.split(' '), { cwd, env })
    t.equal(done.status, 0, done.stderr)
    t.notOk((done.stdout + done.stderr).includes(ESCAPE))
  }
})

t.test('what looks different on a terminal, and what does not', async (t) => {
  const cwd = t.testdir({
    'row.csv': 'Pclass,Name,Sex,Age,SibSp,Parch\n3,"Doe, Mr. J",male,22,1,0\n',
  })
  const args = `explain row.csv --model-dir ${checkpoint}`
  const shown = await onTerminal(`node ${cli} ${args}`, 80, cwd, { NO_COLOR: '1' })
  const asked = await shapserve([...args.split(' '), '--format', 'text'], { cwd })
  t.equal(shown.stdout.replaceAll('\r\n', '\n'), asked.stdout, 'a pipe has 80 columns')
  t.match(asked.stdout, /^row 1 {3}predicted 0 {3}probability of Survived = 1: 0\.\d+\nbase value /)
  const csv = await shapserve(args.split(' '), { cwd })
  t.match(csv.stdout, /^row,predicted_label,/, 'files are what they are without a terminal')
  const file = await onTerminal(`node ${cli} ${args} --out a.csv && cat a.csv`, 80, cwd)
  t.equal(file.stdout.replaceAll('\r\n', '\n'), csv.stdout)
  const text = await onTerminal(
    `node ${cli} ${args} --format text --out a.txt && cat a.txt`,
    60,
    cwd,
  )
  t.equal(text.stdout.replaceAll('\r\n', '\n'), asked.stdout, 'a file is no terminal')
  const other = await onTerminal(`node ${cli} ${args} --contributions --format jsonl`, 200, cwd)
  t.match(JSON.parse(other.stdout), { contributions: Array })
  for (const flag of ['--contributions', '--interactions']) {
    const refused = await shapserve([...args.split(' '), '--format', 'text', flag], { cwd })
    t.equal(refused.status, 1)
    t.match(refused.stderr, /^shapserve: --format text does not show .*; choose json or jsonl\n$/)
  }
})
