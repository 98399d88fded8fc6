/** Files that commands write: whole or not at all, through what is no regular file, never over an input. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openOutputFile, writeOutputFile } from '../../../src/commands/output/output-file.ts'
import { checkOutputIsNoInput } from '../../../src/commands/output/same-file.ts'
import { cli, run } from '../../command.ts'
import { checkpoint, passenger } from '../../helper.ts'

// Some cases run a command.
t.setTimeout(120_000)

const refused = { name: 'InputError', code: 'invalid_file' }

t.test('a regular file is the old one or the new one, whole', async (t) => {
  const base = t.testdir({ old: 'before' })
  const handlers = process.listenerCount('SIGHUP')
  const path = join(base, 'old')
  chmodSync(path, 0o640)
  const file = await openOutputFile(path)
  await file.write(Buffer.from('aft'))
  t.equal(readFileSync(path, 'utf8'), 'before')
  await file.write(Buffer.from('er'))
  await file.finish()
  t.equal(readFileSync(path, 'utf8'), 'after')
  t.equal(statSync(path).mode & 0o777, 0o640, 'permissions stay')
  const given = await openOutputFile(path)
  await given.write(Buffer.from('half'))
  await given.abandon()
  t.equal(readFileSync(path, 'utf8'), 'after')
  await writeOutputFile(join(base, 'new'), 'made')
  const longest = 'n'.repeat(255)
  await writeOutputFile(join(base, longest), 'made')
  t.strictSame(readdirSync(base).sort(), ['new', longest, 'old'].sort(), 'nothing is left over')
  t.equal(process.listenerCount('SIGHUP'), handlers, 'no handler is left over')
})

t.test('a link stays a link, and its target is written', async (t) => {
  const base = t.testdir({ deep: { target: 'before' } })
  symlinkSync('deep/target', join(base, 'link'))
  symlinkSync('link', join(base, 'chain'))
  symlinkSync('deep/absent', join(base, 'dangling'))
  symlinkSync('loop', join(base, 'loop'))
  for (const [name, target] of [
    ['link', 'deep/target'],
    ['chain', 'deep/target'],
    ['dangling', 'deep/absent'],
  ] as const) {
    await writeOutputFile(join(base, name), name)
    t.ok(lstatSync(join(base, name)).isSymbolicLink(), `${name} is still one`)
    t.equal(readFileSync(join(base, target), 'utf8'), name)
  }
  t.equal(readlinkSync(join(base, 'dangling')), 'deep/absent')
  await t.rejects(writeOutputFile(join(base, 'loop'), 'x'), { ...refused, message: /ELOOP/ })
  t.strictSame(readdirSync(join(base, 'deep')).sort(), ['absent', 'target'])
})

t.test('a pipe and a device are written through', async (t) => {
  const base = t.testdir()
  const pipe = join(base, 'pipe')
  execFileSync('mkfifo', [pipe])
  const [read] = await Promise.all([readFile(pipe, 'utf8'), writeOutputFile(pipe, 'through')])
  t.equal(read, 'through')
  t.ok(lstatSync(pipe).isFIFO())
  await writeOutputFile('/dev/null', 'gone')
  t.ok(statSync('/dev/null').isCharacterDevice())
  symlinkSync('/dev/full', join(base, 'full'))
  for (const path of ['/dev/full', join(base, 'full')])
    await t.rejects(writeOutputFile(path, 'x'), { ...refused, message: /ENOSPC/ })
  t.ok(statSync('/dev/full').isCharacterDevice())
})

t.test('what cannot be written says so', async (t) => {
  const base = t.testdir({ file: 'x', directory: {} })
  for (const [path, message] of [
    ['directory', /is a directory/],
    ['nowhere/out', /its directory does not exist/],
    ['file/out', /ENOTDIR/],
  ] as const)
    await t.rejects(writeOutputFile(join(base, path), 'x'), { ...refused, message })
  if (process.geteuid?.() === 0) return t.comment('root may write everywhere')
  chmodSync(join(base, 'file'), 0o444)
  await t.rejects(writeOutputFile(join(base, 'file'), 'y'), { ...refused, message: /EACCES/ })
  t.equal(readFileSync(join(base, 'file'), 'utf8'), 'x')
})

t.test('an input is no output, by whatever name', async (t) => {
  const base = t.testdir({ 'rows.csv': 'x', model: { 'manifest.json': '{}' } })
  const [rows, model] = [join(base, 'rows.csv'), join(base, 'model')]
  symlinkSync('rows.csv', join(base, 'soft'))
  linkSync(rows, join(base, 'hard'))
  mkdirSync(join(base, 'else'))
  for (const [out, input] of [
    ['rows.csv', 'rows.csv'],
    ['./else/../rows.csv', 'rows.csv'],
    ['soft', 'rows.csv'],
    ['hard', 'rows.csv'],
    ['rows.csv', 'soft'],
    ['model/manifest.json', 'rows.csv'],
  ] as const)
    await t.rejects(
      checkOutputIsNoInput(`${base}/${out}`, `${base}/${input}`, model),
      { name: 'InputError', code: 'invalid_option', message: /name another file to write/ },
      `${out} of ${input}`,
    )
  await checkOutputIsNoInput(join(base, 'new'), rows, model)
  await checkOutputIsNoInput('/dev/null', '/dev/null', model)
})

const { header, csv } = passenger
const rowsText = `${header}\n${csv}\n`
const sh = (script: string) => run('sh', ['-c', script])
const command = `${process.execPath} ${cli}`

t.test('every command fails where its result cannot be written', async (t) => {
  const base = t.testdir({
    'rows.csv': rowsText,
    'train.csv': `x,y\n${Array.from({ length: 30 }, (_, i) => `${i / 2},${i % 3 > 0}`).join('\n')}\n`,
  })
  const model = `--model-dir ${checkpoint}`
  const rows = join(base, 'rows.csv')
  const commands = [
    '--version',
    '--help',
    `inspect ${checkpoint}`,
    `inspect ${checkpoint} --json`,
    `openapi ${model}`,
    'metric-definitions',
    `predict ${rows} ${model}`,
    `explain ${rows} ${model} --format svg`,
    `explain ${rows} ${model} --summary`,
    `train ${base}/train.csv --target y --estimator decision_tree --json --model-dir ${base}/model`,
    `tune ${base}/train.csv --target y --estimator decision_tree --trials 1 --folds 2 --quiet --json --model-dir ${base}/tuned`,
  ]
  for (const args of commands) {
    const full = await sh(`${command} ${args} > /dev/full`)
    t.equal(full.status, 1, `${args} > /dev/full`)
    t.match(full.stderr, /^shapserve: standard output cannot be written: ENOSPC\n$/)
  }
  const closed = await sh(`{ ${command} openapi ${model}; echo $? >&2; } | true`)
  t.equal(closed.stderr, '141\n', 'a reader that has enough is no mistake to be told of')
  t.ok(existsSync(join(base, 'model/manifest.json')), 'the model is there all the same')
  for (const args of commands.slice(6, 8)) {
    const full = await sh(`${command} ${args.replace('--format svg', '')} --out /dev/full`)
    t.equal(full.status, 1, `${args} --out /dev/full`)
    t.equal(full.stderr, 'shapserve: the file "/dev/full" cannot be written: ENOSPC\n')
  }
  const quiet = await sh(`${command} predict ${rows} ${model} 2> /dev/full`)
  t.equal(quiet.status, 0, 'a note that is lost is no failure')
})

t.test('standard output by its other names, and not over what is read', async (t) => {
  const base = t.testdir({ 'rows.csv': rowsText })
  const predict = `cd ${base} && ${command} predict rows.csv --model-dir ${checkpoint}`
  const plain = await sh(predict)
  t.equal(plain.status, 0, plain.stderr)
  for (const script of [
    `${predict} --out /dev/stdout`,
    `${predict} --out /dev/stdout | cat`,
    `${predict} --out /dev/fd/1`,
    `${predict} --out /dev/stdout > out; cat out`,
    `${predict} --out /dev/fd/3 3> out; cat out`,
    `${predict} --out out > out; cat out`,
  ]) {
    const { status, stdout, stderr } = await sh(script)
    t.strictSame([status, stdout, stderr], [0, plain.stdout, ''], script)
  }
  const grown = await sh(`${predict} >> rows.csv`)
  t.equal(grown.status, 1)
  t.match(grown.stderr, /standard output is the file that is read/)
  const piped = await sh(
    `cd ${base} && ${command} predict - --model-dir ${checkpoint} --out rows.csv < rows.csv`,
  )
  t.equal(piped.status, 1)
  t.match(piped.stderr, /--out "rows\.csv" is the file that is read/)
  t.equal(readFileSync(join(base, 'rows.csv'), 'utf8'), rowsText)
})

t.test('a command that is stopped leaves no part of a file', async (t) => {
  const base = t.testdir()
  execFileSync('mkfifo', [join(base, 'rows')])
  const script = `cd ${base} && (${command} predict rows --input-format csv --model-dir ${checkpoint} --out out & pid=$!
    exec 3> rows; printf '${header}\\n' >&3; i=0
    while [ $i -lt 9000 ]; do echo '${csv}' >&3; i=$((i + 1)); done
    until ls -A | grep -q part; do sleep 0.05; done; kill -TERM $pid; wait $pid; echo $?)`
  const { stdout } = await sh(script)
  t.equal(stdout, '143\n')
  t.strictSame(readdirSync(base), ['rows'])
})
